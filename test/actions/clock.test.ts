import { readdirSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { fsck } from '../../src/actions/fsck.js';
import { removeAbandonedIn } from '../../src/base/abandoned.js';
import { TEMPORARY_PREFIX } from '../../src/base/atomic-file.js';
import { describeSelf } from '../../src/base/lock-holder.js';
import { SPACE_MARK } from '../../src/base/process-space.js';
import { CheckMemory } from '../../src/store/fsck/check-memory.js';
import { useStoreAlone } from '../../src/store/store-use.js';
import { removeAbandoned } from '../../src/store/temporary.js';
import { PipelineWorkspace } from '../pipeline/pipeline-workspace.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { GcFolder } from './gc-folder.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const YEAR_MS = 365 * DAY_MS;

/** Gives a file a time so far from now. */
function redate(file: string, byMs: number): void {
  const time = new Date(Date.now() + byMs);
  utimesSync(file, time, time);
}

function expectToday(timeMs: number): void {
  expect(Math.abs(Date.now() - timeMs)).toBeLessThan(DAY_MS / 2);
}

/** Three files were condemned, by a clock that was so far from the right one. */
async function condemnedAt(byMs: number): Promise<GcFolder> {
  const folder = GcFolder.withoutGit();
  await folder.put('first');
  await folder.put('second');
  await folder.gc();
  const trash = folder.path('.ocrstore/trash');
  const [time] = readdirSync(trash);
  renameSync(join(trash, time!), join(trash, String(Math.max(1, Number(time) + byMs))));
  return folder;
}

afterEach(() => {
  vi.useRealTimers();
});

describe('what was condemned by a clock that was wrong', () => {
  test.each([
    ['a year ahead', YEAR_MS],
    ['at the beginning of time', -100 * YEAR_MS],
  ])('%s is not deleted early, nor kept for ever', async (_title, byMs) => {
    const folder = await condemnedAt(byMs);
    const before = folder.files('trash');
    expect(await folder.gc({ dryRun: true })).toMatchObject({ waiting: { files: 3 }, deleted: { files: 0 } });
    expect(folder.files('trash')).toEqual(before);
    expect(await folder.gc()).toMatchObject({ waiting: { files: 3 }, deleted: { files: 0 } });
    const [since, ...more] = readdirSync(folder.path('.ocrstore/trash'));
    expect(more).toEqual([]);
    expectToday(Number(since));
    folder.age(6.9);
    expect(await folder.gc()).toMatchObject({ waiting: { files: 3 }, deleted: { files: 0 } });
    folder.age(0.2);
    expect((await folder.gc()).deleted.files).toBe(3);
    expect(await fsck({}, folder.call)).toMatchObject({ damaged: [], missing: [] });
  });

  test('can be had back, and goes at once where that is asked for', async () => {
    const folder = await condemnedAt(YEAR_MS);
    const second = folder.read('data.ocr');
    await folder.put('first');
    expect(await folder.gc()).toMatchObject({ rescued: 0, waiting: { files: 0 } });
    folder.write('data.ocr', second);
    folder.remove('data');
    await folder.checkout();
    expect(folder.read('data/a')).toBe('second');
    expect((await folder.gc({ now: true })).deleted.files).toBe(3);
    expect(folder.files('trash')).toEqual([]);
  });

  test('is deleted in time though it was written by a clock that was ahead', async () => {
    const folder = await condemnedAt(0);
    for (const name of folder.files('trash')) redate(folder.path(`.ocrstore/trash/${name}`), YEAR_MS);
    folder.age(7.1);
    expect((await folder.gc()).deleted.files).toBe(3);
  });
});

describe('a time that is to come', () => {
  test('of a mark in the store does not hold up gc --now for longer than any other', async () => {
    const folder = GcFolder.withoutGit();
    await folder.put('first');
    const elsewhere = { ...describeSelf('0'.repeat(32), 'ocrpipe repro'), host: 'another-host' };
    for (const [holder, longestMs] of [
      [JSON.stringify(elsewhere), DAY_MS],
      ['', 60_000],
    ] as const) {
      const name = '.ocrstore/locks/users/95796ab698744d8675d66c62a53eb543';
      folder.write(name, holder);
      redate(folder.path(name), YEAR_MS);
      const stop = new AbortController();
      const waiting = useStoreAlone({
        ...{ root: folder.path('.ocrstore'), command: 'ocrpipe gc', signal: stop.signal },
        events: () => {
          stop.abort(new Error('waits'));
        },
      });
      await expect(waiting).rejects.toThrow('waits');
      expectToday(statSync(folder.path(name)).mtimeMs);
      redate(folder.path(name), -longestMs - 1000);
      expect((await folder.gc({ now: true })).condemned.objects).toBe(0);
      expect(folder.files('locks/users')).toEqual([]);
    }
  });

  test('of what a command left keeps it as long as if it had been left now', () => {
    const folder = temporaryFolder();
    const mark = SPACE_MARK === '0000' ? '1111' : '0000';
    const name = `${TEMPORARY_PREFIX}1a-${mark}00000000-x`;
    for (const [path, remove] of [
      [
        join(folder, name),
        () => {
          removeAbandonedIn(folder);
        },
      ],
      [
        join(folder, '1a-0011223344556677'),
        () => {
          removeAbandoned(folder);
        },
      ],
    ] as const) {
      writeFileSync(path, 'somebody may be writing this');
      redate(path, YEAR_MS);
      remove();
      expectToday(statSync(path).mtimeMs);
      redate(path, -4 * DAY_MS);
      remove();
      expect(readdirSync(folder)).toEqual([]);
    }
  });

  test('of a check by fsck lets the file be checked before those that were checked today', () => {
    const file = join(temporaryFolder(), 'checked');
    const state = { size: 1, mtimeMs: 1, ctimeMs: 1, ino: 1 };
    const memory = new CheckMemory(file, 'store');
    memory.note('packs/ahead', state, Date.now() + YEAR_MS);
    memory.note('packs/today', state, Date.now() - 1000);
    memory.save(new Set(['packs/ahead', 'packs/today']));
    const [ahead, today, never] = ['ahead', 'today', 'never'].map((name) =>
      new CheckMemory(file, 'store').checkedAt(`packs/${name}`, state),
    );
    expect(ahead).toBeLessThan(today!);
    expect(ahead).toBeGreaterThan(never!);
  });
});

describe('a clock that was set back by years', () => {
  test('lets a stage be restored from its run record, and the pipeline be fresh', async () => {
    const workspace = new PipelineWorkspace();
    const pipeline =
      'stages: {copy: {run: cp data/a out && echo copy >> ran.log, deps: [data], outs: [out]}}';
    workspace.write('pipeline.yaml', pipeline);
    workspace.write('data/a', 'one');
    await workspace.add('data');
    expect(await workspace.actions()).toEqual({ actions: { copy: 'ran' }, ran: ['copy'] });
    const records = workspace.path('.ocrstore/runs');
    for (const each of readdirSync(records, { recursive: true, withFileTypes: true }))
      if (each.isFile()) redate(join(each.parentPath, each.name), YEAR_MS);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 20 * YEAR_MS });
    expect(await workspace.actions()).toEqual({ actions: { copy: 'fresh' }, ran: [] });
    workspace.write('data/a', 'two');
    await workspace.add('data');
    expect(await workspace.actions()).toEqual({ actions: { copy: 'ran' }, ran: ['copy'] });
    workspace.write('data/a', 'one');
    await workspace.add('data');
    expect(await workspace.actions()).toEqual({ actions: { copy: 'restored' }, ran: [] });
    expect(workspace.read('out')).toBe('one');
  });

  test('lets data be added, changed, collected, checked and checked out as ever', async () => {
    const folder = GcFolder.withGit();
    const first = await folder.version('first');
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 20 * YEAR_MS });
    expect(await folder.state('data')).toBe('clean');
    folder.write('data/a', 'f1rst');
    expect(await folder.state('data')).toBe('modified');
    const second = await folder.version('second');
    await folder.put('third');
    folder.commitAll('third');
    expect((await folder.gc({ commits: true })).condemned.files).toBe(0);
    expect(await folder.contentAt(first)).toBe('first');
    vi.useRealTimers();
    expect(await folder.contentAt(second)).toBe('second');
    expect(await fsck({}, folder.call)).toMatchObject({ damaged: [], missing: [], problems: [] });
  });
});
