import fs, { existsSync, readdirSync, renameSync, utimesSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { contentIdOf } from '../../src/base/content-id.js';
import { objectKey, packKey } from '../../src/store/format.js';
import { LocalStore } from '../../src/store/local-store.js';
import { RunRecords } from '../../src/store/run-records.js';
import { Trash } from '../../src/store/trash.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

const SMALL = Buffer.from('a small blob');
const LARGE = Buffer.alloc(1024 * 1024 + 1, 7);

/** A store with a pack of one small blob, a large blob and a run record, and the keys of these files. */
function filledStore() {
  const store = LocalStore.create(join(temporaryFolder(), 'store'));
  const writer = store.writer();
  const [small, large] = [writer.putBlob(SMALL), writer.putBlob(LARGE)];
  const [pack] = writer.finish().packs;
  const key = contentIdOf('inputs');
  const record = new RunRecords(store.root).put(key, { outs: [] });
  const run = { key, record };
  const keys = [packKey(pack!), objectKey(large), `runs/${key.slice(0, 2)}/${key}-${record}.json`];
  return { store, small, large, run, keys, trash: new Trash(store.root) };
}

/** Moves everything to the trash. */
function condemnAll({ keys, trash }: ReturnType<typeof filledStore>, time = 1_700_000_000_000): void {
  for (const key of keys) expect(trash.condemn(key, time)).toMatchObject({ key, since: time });
}

describe('the trash', () => {
  test('gives back what is read, to a store that was open before and to a new one', () => {
    for (const open of [true, false]) {
      const filled = filledStore();
      const { root } = filled.store;
      if (open) expect(filled.store.has('blob', filled.small)).toBe(true);
      condemnAll(filled);
      const store = open ? filled.store : LocalStore.open(root);
      expect(store.read('blob', filled.small)).toEqual(SMALL);
      expect(store.read('blob', filled.large).equals(LARGE)).toBe(true);
      expect(new RunRecords(root).list(filled.run.key)).toEqual([filled.run.record]);
      expect(new RunRecords(root).read(filled.run)).toEqual({ outs: [] });
      for (const key of filled.keys) expect(existsSync(join(root, key))).toBe(true);
      expect([...filled.trash.list()]).toEqual([]);
    }
  });

  test('is listed once for all that is missed, and again when something more was condemned', () => {
    const { store, large, keys, trash } = filledStore();
    const folder = join(store.root, 'trash');
    trash.condemn(keys[0]!, 1_600_000_000_000);
    utimesSync(folder, 1_600_000_000, 1_600_000_000);
    const listed: unknown[] = [];
    const real = fs.readdirSync;
    const read = vi.spyOn(fs, 'readdirSync').mockImplementation((...args: Parameters<typeof real>) => {
      if (args[0] === folder) listed.push(args[0]);
      return real(...args);
    });
    syncBuiltinESMExports();
    try {
      for (let absent = 0; absent < 100; absent += 1) {
        expect(store.has('blob', contentIdOf(`absent ${absent}`))).toBe(false);
        expect(trash.rescue(objectKey(contentIdOf(`absent ${absent}`)))).toBeUndefined();
      }
    } finally {
      read.mockRestore();
      syncBuiltinESMExports();
    }
    // Once for the large objects of the store, once for its packs, once for this trash.
    expect(listed.length).toBeLessThanOrEqual(3);
    new Trash(store.root).condemn(keys[1]!, 1_700_000_000_000);
    expect(trash.rescue(objectKey(large))).toBe(join(store.root, keys[1]!));
  });

  test('gives back what is asked for, so that what was found there cannot be deleted any more', () => {
    const filled = filledStore();
    condemnAll(filled);
    const condemned = [...filled.trash.list()];
    const store = LocalStore.open(filled.store.root);
    expect(store.has('blob', filled.small)).toBe(true);
    expect(store.has('blob', filled.large, LARGE.length)).toBe(true);
    const deleted = condemned.filter((file) => filled.trash.remove(file)).map(({ key }) => key);
    expect(deleted).toEqual(filled.keys.slice(2));
    expect(store.holds('blob', filled.small) && store.holds('blob', filled.large)).toBe(true);
  });

  test('gives back what is stored again, rather than to store it twice', () => {
    const filled = filledStore();
    condemnAll(filled);
    const writer = LocalStore.open(filled.store.root).writer();
    writer.putBlob(SMALL);
    writer.putBlob(LARGE);
    expect(writer.finish()).toEqual({ objects: 0, bytes: 0, packs: [] });
    for (const key of filled.keys.slice(0, 2)) expect(existsSync(join(filled.store.root, key))).toBe(true);
  });

  test('lets a writer store anew what was deleted since it looked', () => {
    const filled = filledStore();
    condemnAll(filled);
    const store = LocalStore.open(filled.store.root);
    const writer = store.writer();
    expect(store.has('blob', contentIdOf('nothing'))).toBe(false);
    for (const file of [...filled.trash.list()]) filled.trash.remove(file);
    writer.putBlob(SMALL);
    writer.putBlob(LARGE);
    expect(writer.finish()).toMatchObject({ objects: 2 });
    expect(store.read('blob', filled.small)).toEqual(SMALL);
  });

  test('tells a store that is refreshed of what was deleted', () => {
    const filled = filledStore();
    expect(filled.store.has('blob', filled.small)).toBe(true);
    condemnAll(filled);
    for (const file of [...filled.trash.list()]) filled.trash.remove(file);
    filled.store.refresh();
    expect(filled.store.has('blob', filled.small)).toBe(false);
    filled.trash.removeEmptyFolders();
    expect(readdirSync(join(filled.store.root, 'trash'))).toEqual([]);
  });

  test('is read in place by a store that only looks', () => {
    const filled = filledStore();
    condemnAll(filled);
    const store = LocalStore.inspect(filled.store.root);
    expect(store.read('blob', filled.small)).toEqual(SMALL);
    expect(store.read('blob', filled.large).equals(LARGE)).toBe(true);
    expect(new RunRecords(store.root, { inspect: true }).read(filled.run)).toEqual({ outs: [] });
    expect([...filled.trash.list()]).toHaveLength(3);
  });

  test('holds a file of one name at several times, and gives back one of them', () => {
    const filled = filledStore();
    condemnAll(filled);
    const writer = LocalStore.open(filled.store.root).writer({ again: true });
    writer.putBlob(SMALL);
    writer.finish();
    expect(filled.trash.condemn(filled.keys[0]!, 1_700_000_000_001)).toBeDefined();
    expect([...filled.trash.list()].map(({ since }) => since)).toEqual([
      1_700_000_000_001, 1_700_000_000_000, 1_700_000_000_000, 1_700_000_000_000,
    ]);
    expect(LocalStore.open(filled.store.root).read('blob', filled.small)).toEqual(SMALL);
    expect([...filled.trash.list()]).toHaveLength(3);
  });

  test('passes over what is no file of a store', () => {
    const { store, trash, keys } = filledStore();
    trash.condemn(keys[0]!, 1);
    renameSync(join(store.root, 'trash', '1', keys[0]!), join(store.root, 'trash', '1', 'packs', 'mine'));
    expect([...trash.list()]).toEqual([]);
    trash.removeEmptyFolders();
    expect(existsSync(join(store.root, 'trash', '1', 'packs', 'mine'))).toBe(true);
  });
});
