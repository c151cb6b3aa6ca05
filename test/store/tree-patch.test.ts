import fc from '../rig/fast-check.js';
import { describe, expect, test } from 'vitest';
import { contentIdOf } from '../../src/base/content-id.js';
import type { FileEntry, TreeEntry } from '../../src/store/tree-format.js';
import { patchTree } from '../../src/store/tree-patch.js';
import { anyEntries, fileEntry, numberedEntries } from './entries.js';
import { MemoryObjects } from './memory-objects.js';

function changed(entry: FileEntry): FileEntry {
  return { ...entry, size: entry.size + 7, id: contentIdOf(`${entry.name} changed`), executable: true };
}

function patched(objects: MemoryObjects, id: string, changes: readonly TreeEntry[]) {
  const byName = new Map(changes.map((entry) => [entry.name, entry]));
  return patchTree({ reader: objects, id: id as never }, byName, (node) => objects.put('tree', node));
}

describe('a directory in which names stand for something else', () => {
  test('is the one that is built from all of its entries', () => {
    fc.assert(
      fc.property(anyEntries, fc.infiniteStream(fc.boolean()), (entries, chosen) => {
        const objects = new MemoryObjects();
        const changes = entries.flatMap((entry) =>
          entry.kind === 'file' && chosen.next().value ? [changed(entry)] : [],
        );
        const before = objects.tree(entries);
        const after = entries.map((entry) => changes.find(({ name }) => name === entry.name) ?? entry);
        expect(patched(objects, before.id, changes)).toEqual(new MemoryObjects().tree(after));
      }),
    );
  });

  test('costs the nodes that hold them and those above, however many there are', () => {
    const entries = numberedEntries(30_000);
    const objects = new MemoryObjects();
    const before = objects.tree(entries);
    const known = objects.objects.size;
    const changes = [changed(entries[0]!), changed(entries[14_321]!), changed(entries.at(-1)!)];
    const after = patched(objects, before.id, changes);
    expect(objects.reads.length).toBeLessThanOrEqual(1 + 3 * 2);
    expect(objects.objects.size - known).toBe(objects.reads.length);
    const names = new Map(changes.map((entry) => [entry.name, entry]));
    expect(after).toEqual(new MemoryObjects().tree(entries.map((entry) => names.get(entry.name) ?? entry)));
  });

  test('is left to be built anew where a name is new or its entry has another length', () => {
    const entries = numberedEntries(3000);
    const objects = new MemoryObjects();
    const { id } = objects.tree(entries);
    const [first] = entries;
    const link: TreeEntry = { kind: 'symlink', name: first!.name, target: 'elsewhere' };
    const folder: TreeEntry = { kind: 'directory', name: first!.name, files: 1, bytes: 1, id: first!.id };
    for (const change of [fileEntry('aaa'), fileEntry('img-001500.pn'), fileEntry('zzz'), link, folder]) {
      expect(patched(objects, id, [change, changed(entries[1]!)])).toBeUndefined();
    }
  });
});
