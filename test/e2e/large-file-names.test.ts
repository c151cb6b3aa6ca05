import { existsSync, mkdirSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { OCRPIPE_SCRIPT, runProcess } from '../rig/ocrpipe.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { newWorkspace, type TestWorkspace } from '../rig/workspace.js';
import { listing } from '../tracking/listing.js';

const LARGE_BYTES = 128 * 1024 * 1024;
const BOUND_MIB = 32;
const KIB_A_MIB = 1024;
/** Says at its end how much memory a process took at most; what `getrusage` says includes who started it. */
const TELL_PEAK = `data:text/javascript,import { readFileSync } from 'node:fs';
process.on('exit', () => process.stderr.write(readFileSync('/proc/self/status', 'latin1')));`;
const hasProc = existsSync('/proc/self/status');
if (!hasProc) console.warn('skipped: this system has no /proc');

/** The most memory that a command takes, in MiB. */
async function peakOf(workspace: TestWorkspace, args: readonly string[]): Promise<number> {
  const words = ['--import', TELL_PEAK, OCRPIPE_SCRIPT, ...args];
  const { exitCode, stderr } = await runProcess(process.execPath, words, { cwd: workspace.root });
  expect(exitCode).toBe(0);
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(stderr)![1]) / KIB_A_MIB;
}

/** `data/` with one large file of that name (raw bytes as latin1). */
async function workspaceWithLarge(name: string) {
  const workspace = await newWorkspace(temporaryFolder());
  mkdirSync(workspace.path('data'));
  const file = Buffer.from(workspace.path(`data/${name}`), 'latin1');
  writeFileSync(file, 'x');
  truncateSync(file, LARGE_BYTES);
  return { workspace, file };
}

test.skipIf(!hasProc)(
  'a large file whose name is not UTF-8 is stored and hashed in no more memory than any other',
  { timeout: 60_000 },
  async () => {
    const odd = await workspaceWithLarge('\xff\xfe');
    const plain = await workspaceWithLarge('plain');
    const before = listing(odd.workspace.path('data'));
    for (const command of [['add', 'data'], ['status']]) {
      const [peak, usual] = await Promise.all(
        [odd, plain].map(({ workspace }) => peakOf(workspace, command)),
      );
      expect(peak).toBeLessThan(usual! + BOUND_MIB);
      // What was touched is hashed by the next command, and not stored.
      for (const { file } of [odd, plain]) utimesSync(file, 1_000_000_000, 1_000_000_000);
    }
    expect(await odd.workspace.ocrpipe('status')).toContain('data  new');
    rmSync(odd.workspace.path('data'), { recursive: true });
    await odd.workspace.ocrpipe('checkout');
    expect(listing(odd.workspace.path('data'))).toEqual(before);
  },
);
