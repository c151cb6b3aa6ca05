import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LocalStore } from '../../src/store/local-store.js';
import { PACK_HEADER_BYTES } from '../../src/store/pack-format.js';
import { buildTree } from '../../src/store/tree-builder.js';
import { temporaryFolder } from '../rig/temporary-folder.js';
import { fileEntry } from './entries.js';

const FILES = 4000;
/** Bytes that a table has for each object. */
const ENTRY_BYTES = 40;

/** A store of many small files in one pack and the nodes of their directory in another. */
function storeOfMany() {
  const path = join(temporaryFolder(), 'store');
  const store = LocalStore.create(path);
  const writer = store.writer();
  const files = Array.from({ length: FILES }, (_, index) => {
    const name = `${String(index).padStart(4, '0')}.txt`;
    return { name, content: name.repeat(20) };
  });
  for (const { content } of files) writer.putBlob(Buffer.from(content));
  const entries = files.map(({ name, content }) => fileEntry(name, content));
  const { id } = buildTree(entries, (node) => writer.putTree(node, 'tree'));
  writer.finish();
  const packs = readdirSync(join(path, 'packs')).map((name) => join(path, 'packs', name));
  packs.sort((a, b) => statSync(a).size - statSync(b).size);
  return { path, id, blob: entries[0]!.id, content: files[0]!.content, packs };
}

/** Bytes that this process has read by system calls. */
function bytesRead(): number {
  return Number(/^rchar: (\d+)/m.exec(readFileSync('/proc/self/io', 'latin1'))![1]);
}

describe('the packs of a store', () => {
  test.skipIf(!existsSync('/proc/self/io'))(
    'are asked for nodes without reading what their files are called (needs /proc)',
    () => {
      const { path, id, blob } = storeOfMany();
      const store = LocalStore.open(path);
      const before = bytesRead();
      store.read('tree', id);
      const forNode = bytesRead() - before;
      expect(forNode).toBeLessThan((FILES * ENTRY_BYTES) / 2);
      store.read('blob', blob);
      expect(bytesRead() - before - forNode).toBeGreaterThan(FILES * ENTRY_BYTES);
    },
  );

  test('that are gone before their tables were read are gone for who looks', () => {
    const { path, id, blob, packs } = storeOfMany();
    const store = LocalStore.open(path);
    expect(store.has('tree', id)).toBe(true);
    rmSync(packs.at(-1)!);
    expect(store.has('blob', blob)).toBe(false);
    expect(store.packSizes().size).toBe(packs.length - 1);
  });

  test('are read on where the first copy that was found is damaged', () => {
    const { path, blob, content, packs } = storeOfMany();
    const again = LocalStore.open(path).writer({ again: true });
    again.putBlob(Buffer.from(content));
    const [copy] = again.finish().packs;
    const file = join(path, 'packs', `${copy!}.pack`);
    expect(statSync(file).size).toBeLessThan(statSync(packs[0]!).size);
    const bytes = readFileSync(file);
    bytes[PACK_HEADER_BYTES]! ^= 1;
    chmodSync(file, 0o644);
    writeFileSync(file, bytes);
    expect(LocalStore.open(path).read('blob', blob).toString()).toBe(content);
  });
});
