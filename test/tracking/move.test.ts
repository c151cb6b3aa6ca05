import { lstatSync, readlinkSync, statSync, symlinkSync, utimesSync, type Stats } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { RepoPath } from '../../src/base/paths.js';
import type { FileTimes } from '../../src/tracking/scan/file-times.js';
import { TrackedFolder } from './tracked-folder.js';

const [raw, scans] = ['raw', 'deep/scans'] as [RepoPath, RepoPath];

/** Shows no change of a file whose size and mtime are what they were: what is read can be told from what is known. */
const blind: FileTimes = {
  view: (stat) =>
    Object.assign(Object.create(Object.getPrototypeOf(stat) as object) as Stats, stat, { ctimeMs: 0 }),
  settledBefore: () => Number.POSITIVE_INFINITY,
  showsNames: () => true,
};

const TIME = new Date(1_000_000_000_000);

/** Writes a file so that `blind` takes it for any other of that length at this place. */
function writeUnseen(folder: TrackedFolder, name: string, content: string): void {
  folder.write(name, content);
  utimesSync(folder.path(name), TIME, TIME);
}

describe('a moved directory', () => {
  test('is not read again: its files are known by their stat, at every depth', async () => {
    const folder = new TrackedFolder(blind);
    for (const name of ['raw/a', 'raw/b/c/d']) writeUnseen(folder, name, 'one');
    folder.write('deep/other', 'x');
    const { id } = await folder.add('raw');
    await folder.files().move([{ from: raw, to: scans }]);
    for (const name of ['a', 'b/c/d']) writeUnseen(folder, `deep/scans/${name}`, 'two');
    expect((await folder.files().snapshot(scans))?.id).toBe(id);
    folder.write('deep/scans/b/c/d', 'other');
    expect((await folder.files().snapshot(scans))?.id).not.toBe(id);
  });

  test('keeps the links to the store that are in it, however much deeper it lies now', async () => {
    const folder = new TrackedFolder();
    folder.write('raw/sub/large', Buffer.alloc(1_100_000, 'large'));
    symlinkSync('sub/large', folder.path('raw/own'));
    folder.write('deep/other', 'x');
    await folder.add('raw');
    folder.remove('raw');
    const files = folder.files();
    await files.checkout(raw, files.pointer(raw)!, { links: ['symlink'] });
    for (const [from, to] of [
      [raw, scans],
      [scans, raw],
    ] as const) {
      await folder.files().move([{ from, to }]);
      expect(await folder.state(to)).toBe('clean');
      expect(lstatSync(folder.path(`${to}/sub/large`)).isSymbolicLink()).toBe(true);
      expect(statSync(folder.path(`${to}/sub/large`)).size).toBe(1_100_000);
      expect(readlinkSync(folder.path(`${to}/own`))).toBe('sub/large');
    }
  });

  test('leaves nothing known of the place where it was', async () => {
    const folder = new TrackedFolder(blind);
    folder.write('raw/a', 'one');
    folder.write('deep/other', 'x');
    const { id } = await folder.add('raw');
    await folder.files().move([{ from: raw, to: scans }]);
    folder.write('raw/a', 'two');
    expect((await folder.files().snapshot(raw))?.id).not.toBe(id);
    expect(await folder.state('raw')).toBe('untracked');
    expect(folder.files().remembered(raw)).toEqual({});
    expect(folder.files().remembered(scans)).toMatchObject({ lastPut: { id } });
  });

  test('is not put over something that came there meanwhile', async () => {
    const folder = new TrackedFolder(blind);
    folder.write('raw/a', 'one');
    await folder.add('raw');
    folder.write('deep/scans/mine', 'x');
    await expect(folder.files().move([{ from: raw, to: scans }])).rejects.toMatchObject({
      code: 'path-exists',
    });
    expect(folder.has('raw.ocr')).toBe(true);
    expect(folder.has('deep/scans.ocr')).toBe(false);
    expect(folder.names('deep/scans')).toEqual(['mine']);
  });

  test('that the system does not move stays tracked where it is', async () => {
    const folder = new TrackedFolder(blind);
    folder.write('raw/a', 'one');
    await folder.add('raw');
    await expect(folder.files().move([{ from: raw, to: 'raw/below' as RepoPath }])).rejects.toMatchObject({
      code: 'move-refused',
    });
    expect(folder.read('raw/a')).toBe('one');
    expect(folder.has('raw.ocr')).toBe(true);
    expect(folder.has('raw/below.ocr')).toBe(false);
    expect(folder.files().unfinishedMoves()).toEqual([]);
  });
});

describe('several moves at once', () => {
  test('are done up to the one that the system refuses; the others are as they were', async () => {
    const folder = new TrackedFolder();
    const names = ['a', 'b', 'c'] as RepoPath[];
    for (const name of names) {
      folder.write(`${name}/file`, `of ${name}`);
      await folder.add(name);
    }
    const to = ['x', 'b/below', 'z'] as RepoPath[];
    const moves = names.map((from, index) => ({ from, to: to[index]! }));
    await expect(folder.files().move(moves)).rejects.toMatchObject({
      code: 'move-refused',
      message: expect.stringMatching(/^b cannot be moved to b\/below/) as string,
    });
    expect(folder.files().trackedPaths()).toEqual(['b', 'c', 'x']);
    expect(folder.read('.gitignore')).toBe('/b\n/c\n/x\n');
    expect(folder.read('x/file')).toBe('of a');
    for (const path of ['x', 'c'] as RepoPath[])
      expect(await folder.files().state(path)).toMatchObject({ state: 'clean', lastPut: { files: 1 } });
    expect(folder.files().unfinishedMoves()).toEqual([]);
  });
});
