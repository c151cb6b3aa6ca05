import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { remoteGcText } from '../../../src/cli/gc-remote-text.js';
import { FolderRemote } from '../../../src/remote/backends/folder.js';
import type { Collected } from '../../../src/remote/gc/collect-remote.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { Machine, randomFiles } from '../rig.js';
import { collect, GRACE, HOUR_MS } from './collecting.js';

const OLD = 'zz-0123456789abcdef01';
const YOUNG = 'zz-0123456789abcdef02';

/** A folder with data, and two files of writes that were killed: one eight days ago, one six. */
async function withLeftovers() {
  const root = temporaryFolder();
  const machine = new Machine();
  const kept = machine.add(randomFiles(2, 300));
  await machine.push(new FolderRemote(root), [kept], { project: 'ours' });
  mkdirSync(join(root, 'tmp'), { recursive: true });
  const began = Date.now();
  for (const [name, days] of [
    [OLD, 8],
    [YOUNG, 6],
  ] as const) {
    const time = new Date(began - days * 24 * HOUR_MS);
    writeFileSync(join(root, 'tmp', name), Buffer.alloc(1000 * days));
    utimesSync(join(root, 'tmp', name), time, time);
  }
  const run = (options: { dryRun?: boolean } = {}): Promise<Collected> =>
    collect(machine, new FolderRemote(root), [kept], { ...GRACE, ...options });
  return { run, left: () => readdirSync(join(root, 'tmp')).sort(), began };
}

function text(collected: Collected, dryRun = false): string {
  return remoteGcText({ remote: 'disk', dryRun, skippedBroken: [], ...collected });
}

describe('what interrupted writes left on a remote', () => {
  it('is cleared away once nobody wrote to it for the grace period', async () => {
    const { run, left, began } = await withLeftovers();
    const would = await run({ dryRun: true });
    expect(left()).toEqual([OLD, YOUNG]);
    const done = await run();
    expect(left()).toEqual([YOUNG]);
    const { waitsUntil, ...others } = done.unfinished;
    expect(others).toEqual({
      known: true,
      discarded: { writes: 1, bytes: 8000 },
      refused: { writes: 0, bytes: 0 },
      waiting: { writes: 1, bytes: 6000 },
    });
    expect(Math.abs(Date.parse(waitsUntil!) - began - 24 * HOUR_MS)).toBeLessThan(60_000);
    expect(would.unfinished).toEqual({ ...others, waitsUntil: expect.any(String) as string });
    expect(text(would, true)).toContain(
      'Would clear away, because nobody went on with it: 1 interrupted write, 8.0 kB',
    );
    expect(text(done)).toContain('Cleared away, because nobody went on with it: 1 interrupted write, 8.0 kB');
    expect(text(done)).toMatch(/^Unfinished: 1 interrupted write, 6\.0 kB \(cleared away by a gc after 20/m);
    expect(text(await run())).toContain('Nothing to collect on disk.');
  });
});
