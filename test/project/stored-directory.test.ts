import { describe, expect, test } from 'vitest';
import type { RepoPath } from '../../src/base/paths.js';
import { directoryChanges, entryWithin } from '../../src/project/stored-directory.js';
import { TrackedFolder } from '../tracking/tracked-folder.js';

const data = 'data' as RepoPath;

describe('a stored directory', () => {
  test('tells what it holds and what changed, from its listing alone', async () => {
    const folder = new TrackedFolder();
    folder.write('data/a', 'a');
    folder.write('data/sub/b', 'bb');
    const before = (await folder.files().list(data))!;
    folder.write('data/sub/b', 'other');
    folder.write('data/sub/c', 'c');
    folder.remove('data/a');
    const after = (await folder.files().list(data))!;
    const { store } = folder;
    expect(store.has('tree', after.id)).toBe(false);
    expect(entryWithin(store, before, 'sub/b')).toMatchObject({ kind: 'file', size: 2 });
    expect(entryWithin(store, before, './sub')).toMatchObject({ kind: 'directory', files: 1, size: 2 });
    expect(entryWithin(store, before, 'sub/c')).toBeUndefined();
    expect(directoryChanges(store, before, after)?.map(({ path, change }) => [path, change])).toEqual([
      ['a', 'deleted'],
      ['sub/b', 'modified'],
      ['sub/c', 'added'],
    ]);
  });

  test('says that it does not know what was never listed', async () => {
    const folder = new TrackedFolder();
    folder.write('data/a', 'a');
    const unlisted = (await folder.files().snapshot(data))!;
    expect(entryWithin(folder.store, unlisted, 'a')).toBeUndefined();
    expect(directoryChanges(folder.store, unlisted, unlisted)).toBeUndefined();
  });
});
