import {
  appendFileSync,
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contentIdOf, type ContentId } from '../../src/base/content-id.js';
import { missingFrom } from '../../src/store/closure.js';
import type { OcrpipeError } from '../../src/base/errors.js';
import { decodeStoreFormat, FORMAT_KEY, type StoreFormat } from '../../src/store/format.js';
import { LocalStore } from '../../src/store/local-store.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { fileEntry, numberedEntries } from './entries.js';
import { buildTree } from '../../src/store/tree-builder.js';
import { treeEntries } from '../../src/store/tree-reader.js';

const MEBIBYTE = 1024 * 1024;

function freshStore(): LocalStore {
  return LocalStore.create(join(temporaryFolder(), 'store'));
}

function put(store: LocalStore, ...contents: (string | Buffer)[]): ReturnType<typeof contentIdOf>[] {
  const writer = store.writer();
  const ids = contents.map((content) => writer.putBlob(Buffer.from(content)));
  writer.finish();
  return ids;
}

/** Changes the first bytes of a read-only file, as a failing disk does. */
function damage(file: string, offset: number): void {
  const bytes = readFileSync(file);
  bytes[offset]! ^= 1;
  chmodSync(file, 0o644);
  writeFileSync(file, bytes);
}

function everyFile(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Returns how many steps it took. */
function copyOut(store: LocalStore, id: ContentId, target: string): number {
  const fd = openSync(target, 'w');
  try {
    return [...store.copyBlob(id, fd)].length;
  } finally {
    closeSync(fd);
  }
}

function outcomeOf(decode: () => StoreFormat): StoreFormat | string {
  try {
    return decode();
  } catch (error) {
    return (error as OcrpipeError).code;
  }
}

describe('opening a store', () => {
  it('says where there is none, and refuses formats and features that it does not know', () => {
    const root = temporaryFolder();
    expect(() => LocalStore.open(root)).toThrow(expect.objectContaining({ code: 'no-store', exitCode: 2 }));
    const { format } = LocalStore.create(root);
    expect(LocalStore.open(root).format).toEqual(format);
    const refused: [string, string][] = [
      [JSON.stringify({ ...format, format: 2, features: ['long-names'] }), 'store-format-unknown'],
      [JSON.stringify({ ...format, format: 2 }), 'store-format-damaged'],
      [JSON.stringify({ ...format, format: 1.5, features: ['long-names'] }), 'store-format-damaged'],
      [JSON.stringify({ ...format, features: ['zstd'] }), 'store-format-unknown'],
      [JSON.stringify({ ...format, other: 1 }), 'store-format-unknown'],
      [JSON.stringify({ ...format, store: '../x' }), 'store-format-damaged'],
      ['{"format": 1', 'store-format-damaged'],
      ['', 'store-format-damaged'],
      ['[]', 'store-format-damaged'],
    ];
    for (const [text, code] of refused) {
      writeFileSync(join(root, FORMAT_KEY), text);
      expect(() => LocalStore.open(root)).toThrow(expect.objectContaining({ code }));
    }
  });

  it('tells every wrong bit of its name from a newer format, but for another UUID', () => {
    const root = temporaryFolder();
    const { format } = LocalStore.create(root);
    const text = readFileSync(join(root, FORMAT_KEY));
    for (let bit = 0; bit < text.length * 8; bit += 1) {
      const wrong = Buffer.from(text);
      wrong[bit >> 3]! ^= 1 << (bit & 7);
      const outcome = outcomeOf(() => decodeStoreFormat(wrong.toString('utf8'), FORMAT_KEY));
      if (typeof outcome !== 'string') expect(outcome.store).not.toBe(format.store);
      else expect(outcome, wrong.toString('utf8')).toBe('store-format-damaged');
    }
  });

  it('keeps the identity of a store that is created again', () => {
    const root = temporaryFolder();
    expect(LocalStore.create(root).format).toEqual(LocalStore.create(root).format);
  });
});

describe('writing and reading objects', () => {
  it('gives back small and large blobs and trees, in this process and in the next', async () => {
    const folder = temporaryFolder();
    const store = LocalStore.create(join(folder, 'store'));
    const large = Buffer.alloc(3 * MEBIBYTE, 7);
    writeFileSync(join(folder, 'large'), large, { mode: 0o755 });
    const writer = store.writer();
    const small = writer.putBlob(Buffer.from('hello'));
    const alsoLarge = writer.putBlob(Buffer.alloc(MEBIBYTE, 1));
    const stored = await writer.putFile(join(folder, 'large'));
    const entries = [fileEntry('a'), fileEntry('b')];
    const tree = buildTree(entries, (node) => writer.putTree(node, 'tree'));
    expect(stored).toMatchObject({ id: contentIdOf(large), size: large.length });
    expect(writer.finish()).toMatchObject({ objects: 4 });
    store.close();

    const again = LocalStore.open(join(folder, 'store'));
    expect(again.read('blob', small).toString()).toBe('hello');
    expect(contentIdOf(again.read('blob', alsoLarge))).toBe(alsoLarge);
    expect(contentIdOf(again.read('blob', stored.id))).toBe(stored.id);
    expect([...treeEntries({ reader: again, id: tree.id })]).toEqual(entries);
    expect(again.locate('blob', small)).toMatchObject({ in: 'pack', offset: 32, length: 5 });
    expect(again.locate('blob', stored.id)).toMatchObject({ in: 'file', length: large.length });
    expect(statSync(again.objectFile(stored.id)).mode & 0o777).toBe(0o444);
    expect([...again.looseObjects()].map(({ id }) => id)).toEqual([alsoLarge, stored.id].sort());
    again.close();
  });

  it('keeps blobs and nodes in packs of their own', () => {
    const store = freshStore();
    const writer = store.writer();
    writer.putBlob(Buffer.from('1'));
    buildTree(numberedEntries(1000), (node) => writer.putTree(node, 'tree'));
    writer.putBlob(Buffer.from('2'));
    writer.finish();
    const kinds = store.packs().map((table) => new Set([...table.entries()].map(({ kind }) => kind)));
    expect(kinds.map((set) => [...set].join()).sort()).toEqual(['blob', 'tree']);
    store.close();
  });

  it('writes nothing that it has, in one writer and the next, and asks by kind', () => {
    const store = freshStore();
    const writer = store.writer();
    writer.putBlob(Buffer.from('same'));
    writer.putBlob(Buffer.from('same'));
    const node = Buffer.from('4f4352540100000000000000', 'hex');
    const id = writer.putTree(node, 'tree');
    writer.putTree(node, 'tree');
    expect(writer.has('tree', id)).toBe(true);
    expect(writer.has('listing', id)).toBe(false);
    expect(store.has('tree', id)).toBe(false);
    expect(writer.finish()).toMatchObject({ objects: 2 });
    expect(store.has('tree', id)).toBe(true);
    expect(store.has('listing', id)).toBe(false);
    const next = store.writer();
    next.putBlob(Buffer.from('same'));
    next.putBlob(Buffer.alloc(MEBIBYTE));
    next.putBlob(Buffer.alloc(MEBIBYTE));
    next.putTree(node, 'listing');
    expect(next.finish()).toMatchObject({ objects: 2 });
    store.close();
  });

  it('makes equal stores from equal work: ids and names never depend on place or history', () => {
    const names = [freshStore(), freshStore()].map((store) => {
      put(store, 'one', 'two', Buffer.alloc(MEBIBYTE));
      store.close();
      return everyFile(store.root).map((file) => file.slice(store.root.length));
    });
    expect(names[0]).toEqual(names[1]);
  });

  it('goes on in a new pack when one is full', () => {
    const store = freshStore();
    const writer = store.writer();
    const ids = Array.from({ length: 70 }, (_, index) => {
      const bytes = Buffer.alloc(MEBIBYTE - 1);
      bytes[0] = index;
      return writer.putBlob(bytes);
    });
    expect(writer.has('blob', ids[0]!)).toBe(true);
    expect(writer.finish().packs).toHaveLength(2);
    for (const id of ids) expect(contentIdOf(store.read('blob', id))).toBe(id);
    store.close();
  });

  it('leaves nothing but whole objects behind when it is given up', () => {
    const store = freshStore();
    const writer = store.writer();
    const small = writer.putBlob(Buffer.from('small'));
    const large = writer.putBlob(Buffer.alloc(MEBIBYTE));
    writer.putTree(Buffer.from('4f4352540100000000000000', 'hex'), 'tree');
    writer.abort();
    expect(store.has('blob', small)).toBe(false);
    expect(store.has('blob', large)).toBe(true);
    expect(everyFile(join(store.root, 'tmp'))).toEqual([]);
  });

  it('finds objects that another process stored since', () => {
    const store = freshStore();
    const other = LocalStore.open(store.root);
    expect(other.has('blob', contentIdOf('later'))).toBe(false);
    const [id] = put(store, 'later');
    expect(other.read('blob', id!).toString()).toBe('later');
    unlinkSync(store.packFile(store.packs()[0]!.packId));
    expect(LocalStore.open(store.root).has('blob', id!)).toBe(false);
    store.close();
    other.close();
  });

  it('reads from the pack that took the place of one that was removed', () => {
    const store = freshStore();
    const [id] = put(store, 'moved');
    const reader = LocalStore.open(store.root);
    expect(reader.has('blob', id!)).toBe(true);
    const [old] = store.packs();
    const writer = store.writer({ again: true });
    writer.putBlob(Buffer.from('first'));
    writer.putBlob(Buffer.from('moved'));
    writer.finish();
    unlinkSync(store.packFile(old!.packId));
    expect(reader.read('blob', id!).toString()).toBe('moved');
    store.close();
    reader.close();
  });

  it('removes what died writers left, and nothing that is new', () => {
    const store = freshStore();
    const [old, recent] = [store.temporaryFile(), store.temporaryFile()];
    writeFileSync(old, 'left');
    writeFileSync(recent, 'in use');
    const fourDaysAgo = Date.now() / 1000 - 4 * 24 * 3600;
    utimesSync(old, fourDaysAgo, fourDaysAgo);
    store.writer().abort();
    expect(existsSync(old)).toBe(false);
    expect(existsSync(recent)).toBe(true);
  });
});

describe('storing a file', () => {
  it('refuses what is no regular file', async () => {
    const folder = temporaryFolder();
    const store = LocalStore.create(join(folder, 'store'));
    symlinkSync('elsewhere', join(folder, 'link'));
    mkdirSync(join(folder, 'folder'));
    const writer = store.writer();
    for (const name of ['link', 'folder']) {
      await expect(writer.putFile(join(folder, name))).rejects.toMatchObject({ code: 'not-a-file' });
    }
    writer.abort();
  });

  it('gives up on a file that changes each time, and never stores it under a wrong id', async () => {
    const folder = temporaryFolder();
    const store = LocalStore.create(join(folder, 'store'));
    const file = join(folder, 'log');
    writeFileSync(file, Buffer.alloc(4 * MEBIBYTE));
    const writer = store.writer();
    const stored = writer.putFile(file).then(
      () => 'stored',
      (error: unknown) => error,
    );
    const state = { settled: false };
    void stored.then(() => (state.settled = true));
    while (!state.settled) {
      appendFileSync(file, 'more');
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await stored).toMatchObject({ code: 'file-keeps-changing' });
    for (const { id, file: object } of store.looseObjects())
      expect(contentIdOf(readFileSync(object))).toBe(id);
    writer.abort();
    expect(everyFile(join(store.root, 'tmp'))).toEqual([]);
  });

  it('stops when it is told to', async () => {
    const folder = temporaryFolder();
    const store = LocalStore.create(join(folder, 'store'));
    writeFileSync(join(folder, 'large'), Buffer.alloc(MEBIBYTE));
    const reason = new Error('stop');
    await expect(
      store.writer().putFile(join(folder, 'large'), { signal: AbortSignal.abort(reason) }),
    ).rejects.toBe(reason);
    expect(everyFile(join(store.root, 'tmp'))).toEqual([]);
  });
});

describe('damage', () => {
  it('is never served: a packed blob, a large blob and a cut file are refused by name', () => {
    const store = freshStore();
    const target = join(temporaryFolder(), 'target');
    const [small, large, cut] = put(store, 'small', Buffer.alloc(MEBIBYTE, 1), Buffer.alloc(MEBIBYTE, 2));
    damage(store.packFile(store.packs()[0]!.packId), 33);
    damage(store.objectFile(large!), 5);
    chmodSync(store.objectFile(cut!), 0o644);
    truncateSync(store.objectFile(cut!), MEBIBYTE - 1);
    for (const id of [small!, large!, cut!]) {
      const refusal = expect.objectContaining({
        code: 'object-damaged',
        message: expect.stringContaining(id) as unknown,
      }) as unknown;
      expect(() => store.read('blob', id)).toThrow(refusal);
      expect(() => copyOut(store, id, target)).toThrow(refusal);
    }
    store.close();
  });

  it('of one copy is survived by another', () => {
    const store = freshStore();
    const [id] = put(store, 'twice', 'other');
    damage(store.packFile(store.packs()[0]!.packId), 33);
    expect(() => store.read('blob', id!)).toThrow(expect.objectContaining({ code: 'object-damaged' }));
    const writer = store.writer({ again: true });
    writer.putBlob(Buffer.from('twice'));
    writer.finish();
    expect(store.read('blob', id!).toString()).toBe('twice');
    store.close();
  });

  it('of a whole pack is healed by writing the same pack again', () => {
    const store = freshStore();
    const [id] = put(store, 'one', 'two');
    damage(store.packFile(store.packs()[0]!.packId), 3);
    const again = LocalStore.open(store.root);
    expect(again.unreadablePacks()).toHaveLength(1);
    expect(() => again.read('blob', id!)).toThrow(
      expect.objectContaining({
        code: 'object-missing',
        hint: expect.stringContaining('damaged') as unknown,
      }),
    );
    put(again, 'one', 'two');
    expect(again.unreadablePacks()).toEqual([]);
    expect(again.read('blob', id!).toString()).toBe('one');
    store.close();
    again.close();
  });

  it('once found counts as absent, for later commands too, and writing the object again heals it', () => {
    const store = freshStore();
    const large = Buffer.alloc(MEBIBYTE, 1);
    const [small, sound, big] = put(store, 'small', 'sound', large);
    const [pack] = store.packs();
    damage(store.packFile(pack!.packId), 33);
    damage(store.objectFile(big!), 5);
    expect(store.has('blob', small!)).toBe(true);
    for (const id of [small!, big!]) {
      const refusal = expect.objectContaining({ code: 'object-damaged' }) as unknown;
      expect(() => store.read('blob', id)).toThrow(refusal);
      expect(() => store.read('blob', id)).toThrow(refusal);
      expect(store.has('blob', id)).toBe(false);
    }
    expect(store.read('blob', sound!).toString()).toBe('sound');
    const next = LocalStore.open(store.root);
    expect([small!, sound!, big!].map((id) => next.has('blob', id))).toEqual([false, true, false]);
    put(next, 'small', 'sound', large);
    expect(next.read('blob', small!).toString()).toBe('small');
    expect(contentIdOf(next.read('blob', big!))).toBe(big);
    store.close();
    next.close();
  });

  it('deletes nothing: the damaged files are kept aside', () => {
    const store = freshStore();
    const [id] = put(store, 'only one');
    const file = store.packFile(store.packs()[0]!.packId);
    damage(file, 33);
    const bytes = readFileSync(file);
    expect(store.holds('blob', id!)).toBe(false);
    expect(store.packs()).toEqual([]);
    const [kept] = everyFile(join(store.root, 'quarantine'));
    expect(readFileSync(kept!)).toEqual(bytes);
    expect(everyFile(join(store.root, 'tmp'))).toEqual([]);
  });

  it('of the table of a pack that is in use costs no object but those that are wrong', () => {
    const store = freshStore();
    const [first, second] = put(store, 'first', 'second');
    const file = store.packFile(store.packs()[0]!.packId);
    damage(file, 32);
    chmodSync(file, 0o644);
    truncateSync(file, 43);
    expect(() => store.read('blob', first!)).toThrow(expect.objectContaining({ code: 'object-damaged' }));
    expect(store.read('blob', second!).toString()).toBe('second');
    expect(LocalStore.open(store.root).unreadablePacks()).toEqual([]);
    store.close();
  });

  it('that somebody healed meanwhile is let be', () => {
    const store = freshStore();
    const [id] = put(store, 'healed', Buffer.alloc(MEBIBYTE, 4));
    const [table] = store.packs();
    const file = store.packFile(table!.packId);
    const sound = readFileSync(file);
    damage(file, 33);
    expect(store.locate('blob', id!)).toBeDefined();
    unlinkSync(file);
    writeFileSync(file, sound);
    expect(store.holds('blob', id!)).toBe(true);
    store.checkPack(table!);
    expect(existsSync(join(store.root, 'quarantine'))).toBe(false);
    store.close();
  });

  it('of a large blob that was cut is seen by its size, and by reading it', () => {
    const store = freshStore();
    const bytes = Buffer.alloc(2 * MEBIBYTE, 1);
    const [id] = put(store, bytes);
    expect(store.holds('blob', id!, bytes.length)).toBe(true);
    chmodSync(store.objectFile(id!), 0o644);
    truncateSync(store.objectFile(id!), MEBIBYTE);
    expect(store.has('blob', id!, bytes.length)).toBe(false);
    expect(store.writer().has('blob', id!, bytes.length)).toBe(false);
    const tree = buildTree([{ ...fileEntry('a'), id: id!, size: bytes.length }], (node) => {
      const writer = store.writer();
      const nodeId = writer.putTree(node, 'tree');
      writer.finish();
      return nodeId;
    });
    expect([...missingFrom({ reader: store, id: tree.id })]).toMatchObject([{ kind: 'blob', id }]);
    expect(store.holds('blob', id!)).toBe(false);
    expect(store.has('blob', id!)).toBe(false);
  });

  it('is refused and left where it is in a store that cannot be written', () => {
    const store = freshStore();
    const [id] = put(store, Buffer.alloc(MEBIBYTE, 6));
    damage(store.objectFile(id!), 5);
    // A file where the folder has to be: whoever runs the tests may write anywhere else.
    writeFileSync(join(store.root, 'quarantine'), '');
    expect(() => store.read('blob', id!)).toThrow(expect.objectContaining({ code: 'object-damaged' }));
    expect(existsSync(store.objectFile(id!))).toBe(true);
  });

  it('is told apart from absence', () => {
    const store = freshStore();
    const id = contentIdOf('absent');
    expect(store.locate('blob', id)).toBeUndefined();
    expect(() => store.read('blob', id)).toThrow(
      expect.objectContaining({ code: 'object-missing', message: expect.stringContaining(id) as unknown }),
    );
  });
});

describe('copying a blob out', () => {
  it('takes a step for each 128 KiB, so that it can be given up', () => {
    const store = freshStore();
    const target = join(temporaryFolder(), 'target');
    const [small, large] = put(store, 'small', Buffer.alloc(2 * MEBIBYTE + 1, 3));
    expect(copyOut(store, small!, target)).toBe(1);
    expect(readFileSync(target, 'utf8')).toBe('small');
    expect(copyOut(store, large!, target)).toBe(17);
    expect(contentIdOf(readFileSync(target))).toBe(large);
    store.close();
  });
});

describe('taking over what came from elsewhere', () => {
  it('gives a verified pack its name, and removes one that is damaged or another', () => {
    const [from, to] = [freshStore(), freshStore()];
    const [id] = put(from, 'content');
    const { packId } = from.packs()[0]!;
    const received = readFileSync(from.packFile(packId));
    const arrive = (bytes: Buffer): string => {
      const file = to.temporaryFile();
      writeFileSync(file, bytes);
      return file;
    };
    const wrong = Buffer.from(received);
    wrong[34]! ^= 4;
    for (const attempt of [
      () => to.adoptPack(arrive(wrong), packId),
      () => to.adoptPack(arrive(received), contentIdOf('another pack')),
      () => to.adoptPack(arrive(received.subarray(1)), packId),
    ]) {
      expect(attempt).toThrow();
      expect(everyFile(join(to.root, 'tmp'))).toEqual([]);
      expect(to.packs()).toEqual([]);
    }
    expect(to.adoptPack(arrive(received), packId).count).toBe(1);
    expect(to.read('blob', id!).toString()).toBe('content');
    from.close();
    to.close();
  });

  it('gives a verified large blob its name, and removes another', async () => {
    const store = freshStore();
    const bytes = Buffer.alloc(MEBIBYTE, 9);
    const [wrong, right] = [store.temporaryFile(), store.temporaryFile()];
    writeFileSync(wrong, bytes);
    writeFileSync(right, bytes);
    await expect(store.adoptObject(wrong, contentIdOf('other'))).rejects.toMatchObject({
      code: 'object-damaged',
    });
    expect(existsSync(wrong)).toBe(false);
    await store.adoptObject(right, contentIdOf(bytes));
    expect(store.has('blob', contentIdOf(bytes))).toBe(true);
  });

  it('does not hash again what was hashed as it was written, unless it was touched or another process left it', async () => {
    const store = freshStore();
    const target = join(temporaryFolder(), 'out');
    // Not the bytes of that id: whoever hashes them says so.
    const id = contentIdOf('other');
    const bring = async (): Promise<void> => {
      const temporary = store.temporaryFile();
      writeFileSync(temporary, Buffer.alloc(MEBIBYTE, 1));
      await store.adoptObject(temporary, id, { hashed: true });
    };
    await bring();
    copyOut(store, id, target);
    expect(statSync(target).size).toBe(MEBIBYTE);
    const damaged = expect.objectContaining({ code: 'object-damaged' }) as unknown;
    expect(() => copyOut(LocalStore.open(store.root), id, target)).toThrow(damaged);
    await bring();
    damage(store.objectFile(id), 0);
    expect(() => copyOut(store, id, target)).toThrow(damaged);
  });
});
