import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fsck } from '../../src/actions/fsck.js';
import { asOcrpipeError } from '../../src/cli/error-report.js';
import type { AbsPath } from '../../src/base/paths.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { systemError, watchChanges, type FileChange } from '../rig/watched-files.js';
import { listing } from '../tracking/listing.js';
import { WorkspaceFolder } from './workspace-folder.js';

/** What takes room on a disk. */
const TAKES_ROOM = new Set([
  ...['openSync', 'writeSync', 'mkdirSync', 'renameSync', 'linkSync', 'symlinkSync'],
  ...['copyFileSync', 'copyFile', 'mkdir', 'writeFile'],
]);
/** What reaches the disk itself. */
const REACHES_DISK = new Set(['writeSync', 'fsyncSync', 'renameSync', 'copyFile']);

interface Trial {
  code: 'ENOSPC' | 'EDQUOT' | 'EIO';
  fails: ReadonlySet<string>;
  /** Whether the first failure is the last. */
  once: boolean;
}

const FULL: Trial = { code: 'ENOSPC', fails: TAKES_ROOM, once: false };
const BROKEN: Trial = { code: 'EIO', fails: REACHES_DISK, once: true };

/** Runs work that meets a failure at its n-th change of that kind; undefined once there are not so many. */
async function failAt(
  root: string,
  { code, fails, once }: Trial,
  { at, work }: { at: number; work: () => Promise<unknown> },
): Promise<{ error?: unknown } | undefined> {
  let count = 0;
  const stop = watchChanges((change: FileChange) => {
    if (!fails.has(change.call) || !change.paths.some((path) => path.startsWith(root))) return;
    count += 1;
    if (count === at || (count > at && !once)) throw systemError(code, change);
  });
  try {
    await work();
    return count < at ? undefined : {};
  } catch (error) {
    return { error };
  } finally {
    stop();
  }
}

/** Lets the work fail at each of its changes in turn, in a fresh copy each time, and calls `check` on what it left. */
async function failEverywhere(
  prepared: string,
  trial: Trial,
  on: { work: (root: AbsPath) => Promise<unknown>; check: (root: AbsPath) => Promise<void> },
): Promise<number> {
  const copies = temporaryFolder();
  for (let at = 1; ; at += 1) {
    const root = join(copies, String(at)) as AbsPath;
    cpSync(prepared, root, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
    const failed = await failAt(root, trial, { at, work: () => on.work(root) });
    if (failed === undefined) return at - 1;
    try {
      if (failed.error !== undefined) expectClear(failed.error, trial.code);
      await on.check(root);
    } catch (error) {
      throw new Error(`failure ${at}`, { cause: error });
    }
    rmSync(root, { recursive: true });
  }
}

const CODES = { ENOSPC: 'disk-full', EDQUOT: 'disk-full', EIO: 'disk-failed' };

/** The error says what happened and what to do, under a code that stays. */
function expectClear(error: unknown, code: Trial['code']): void {
  const shown = asOcrpipeError(error, []);
  expect(shown).toMatchObject({ code: CODES[code], exitCode: 1 });
  expect(shown.hint).toMatch(/again/);
}

async function expectSound(root: AbsPath): Promise<void> {
  const { damaged, missing, problems, leftovers } = await fsck({}, new WorkspaceFolder(root).call);
  expect({ damaged, missing, problems, leftovers }).toEqual({
    damaged: [],
    missing: [],
    problems: [],
    leftovers: { tmp: [], quarantine: [], unknown: [] },
  });
  expect(temporariesIn(root)).toEqual([]);
}

const temporariesIn = (root: string): string[] =>
  readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('ocrpipe-tmp'));

function writeVersion(folder: WorkspaceFolder, version: number): void {
  folder.write('data/changed', `version ${version}`);
  folder.write('data/large', Buffer.alloc(1_100_000, version));
  folder.write(`data/new-${version}/file`, `new in ${version}`);
}

/** One version stored, the next in the workspace. */
async function twoVersions() {
  const folder = new WorkspaceFolder(temporaryFolder());
  folder.init();
  writeVersion(folder, 1);
  await folder.add('data');
  const first = { listing: listing(folder.path('data')), pointer: folder.read('data.ocr') };
  writeVersion(folder, 2);
  return { folder, first, second: listing(folder.path('data')) };
}

describe.each([
  ['a full disk', FULL],
  ['a disk that fails once', BROKEN],
])('%s', (_, trial) => {
  test.each(['add', 'commit'] as const)('stops %s cleanly, and the next one finishes', async (name) => {
    const { folder, second } = await twoVersions();
    const run = (root: AbsPath) => {
      const on = new WorkspaceFolder(root);
      return name === 'add' ? on.add('data') : on.commit();
    };
    const failures = await failEverywhere(folder.root, trial, {
      work: run,
      check: async (root) => {
        await expectSound(root);
        const failed = new WorkspaceFolder(root);
        expect(listing(failed.path('data'))).toEqual(second);
        await run(root);
        expect(await failed.state('data')).toBe('clean');
        await expectSound(root);
      },
    });
    expect(failures).toBeGreaterThan(10);
  });

  test('stops checkout cleanly: each file is the old or the new one, and the next one finishes', async () => {
    const { folder, first, second } = await twoVersions();
    await folder.add('data');
    folder.write('data.ocr', first.pointer);
    const either = new Set([...first.listing, ...second]);
    await failEverywhere(folder.root, trial, {
      work: (root) => new WorkspaceFolder(root).checkout(),
      check: async (root) => {
        await expectSound(root);
        const failed = new WorkspaceFolder(root);
        for (const entry of listing(failed.path('data'))) expect(either).toContain(entry);
        await failed.checkout();
        expect(listing(failed.path('data'))).toEqual(first.listing);
      },
    });
  });

  test('leaves no part of a folder that is checked out where nothing was', async () => {
    const { folder, second } = await twoVersions();
    await folder.add('data');
    folder.remove('data');
    await failEverywhere(folder.root, trial, {
      work: (root) => new WorkspaceFolder(root).checkout(),
      check: async (root) => {
        await expectSound(root);
        const failed = new WorkspaceFolder(root);
        if (existsSync(failed.path('data'))) expect(listing(failed.path('data'))).toEqual(second);
        await failed.checkout();
        expect(listing(failed.path('data'))).toEqual(second);
      },
    });
  });
});
