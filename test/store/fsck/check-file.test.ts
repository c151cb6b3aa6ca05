import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contentIdOf } from '../../../src/base/content-id.js';
import { LocalStore } from '../../../src/store/local-store.js';
import { RunRecords } from '../../../src/store/run-records.js';
import { buildTree } from '../../../src/store/tree-builder.js';
import type { Finding } from '../../../src/store/fsck/finding.js';
import { verifyStore } from '../verify-store.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { fileEntry, numberedEntries } from '../entries.js';

const LARGE = Buffer.alloc(1024 * 1024, 1);

/** A store with something of every kind: 200 small blobs, a large one, a tree, a listing and a run record. */
function fullStore(): LocalStore {
  const store = LocalStore.create(join(temporaryFolder(), 'store'));
  const writer = store.writer();
  const entries = numberedEntries(200);
  for (const { name } of entries) writer.putBlob(Buffer.from(name));
  writer.putBlob(LARGE);
  buildTree(entries, (node) => writer.putTree(node, 'tree'));
  buildTree([fileEntry('a')], (node) => writer.putTree(node, 'listing'));
  writer.finish();
  new RunRecords(store.root).put(contentIdOf('inputs'), { outs: {} });
  return store;
}

function findings(store: LocalStore): Finding[] {
  return [...verifyStore(store)];
}

function flip(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at]! ^= 0x40;
  chmodSync(file, 0o644);
  writeFileSync(file, bytes);
}

describe('checking the files of a store', () => {
  it('finds nothing in a sound store, and reads every byte of it', () => {
    const store = fullStore();
    let bytes = 0;
    for (const finding of verifyStore(store, { onChecked: (more) => (bytes += more) })) {
      throw new Error(finding.reason);
    }
    const packed = store.packs().reduce((sum, table) => sum + table.offsetAt(table.count) - 32, 0);
    expect(bytes).toBe(packed + LARGE.length + '{"outs":{}}'.length);
    store.close();
  });

  it('names the damaged object and its file, whatever its kind', () => {
    const store = fullStore();
    const blobs = store.packs().find((table) => table.kindAt(0) === 'blob')!;
    const nodes = store.packs().find((table) => table.kindAt(0) === 'tree')!;
    flip(store.packFile(blobs.packId), blobs.offsetAt(7));
    flip(store.packFile(nodes.packId), nodes.offsetAt(0) + 20);
    flip(store.objectFile(contentIdOf(LARGE)), 12_345);
    const [run] = [...new RunRecords(store.root).all()];
    flip(new RunRecords(store.root).fileOf(run!), 3);
    const found = findings(store);
    const expected = [
      { kind: 'blob', id: blobs.idAt(7) },
      { kind: 'tree', id: nodes.idAt(0) },
      { kind: 'blob', id: contentIdOf(LARGE) },
      { kind: 'run', id: run!.record },
    ];
    expect(found.map(({ object }) => object)).toEqual(expect.arrayContaining(expected));
    expect(found).toHaveLength(expected.length);
    expect(found[0]!.where.startsWith(store.root)).toBe(true);
    store.close();
  });

  it('names a pack whose table is damaged, and goes on with the others', () => {
    const store = fullStore();
    const [first, second] = store.packs();
    flip(store.packFile(first!.packId), first!.size - 1);
    flip(store.packFile(second!.packId), second!.offsetAt(0));
    const again = LocalStore.open(store.root);
    const found = findings(again);
    expect(found.map(({ object }) => object)).toEqual(
      expect.arrayContaining([
        { kind: 'pack', id: first!.packId },
        { kind: second!.kindAt(0), id: second!.idAt(0) },
      ]),
    );
    expect(found).toHaveLength(2);
    store.close();
    again.close();
  });

  it('names nodes that are well hashed but hostile', () => {
    const store = fullStore();
    const writer = store.writer();
    const id = writer.putTree(Buffer.from('not a node'), 'tree');
    writer.finish();
    expect(findings(store)).toMatchObject([
      { object: { kind: 'tree', id }, reason: expect.stringContaining('OCRT') as unknown },
    ]);
    store.close();
  });

  it('stops when it is told to', () => {
    const store = fullStore();
    const reason = new Error('stop');
    const checked = verifyStore(store, { signal: AbortSignal.abort(reason) });
    expect(() => checked.next()).toThrow(reason);
    store.close();
  });
});
