import { describe, expect, it } from 'vitest';
import { byteName } from '../../src/store/byte-name.js';
import { diffTrees, sameEntry, type TreeChange } from '../../src/store/tree-diff.js';
import type { TreeEntry } from '../../src/store/tree-format.js';
import { walkTree, type TreeRef } from '../../src/store/tree-reader.js';
import { anyName, fileEntry, numberedEntries } from './entries.js';
import { MemoryObjects } from './memory-objects.js';
import fc, { runs } from '../rig/fast-check.js';

/** A folder in memory: names to contents or further folders. */
interface Folder {
  [name: string]: string | Folder;
}
const { folder: anyFolder } = fc.letrec<{ folder: Folder; node: string | Folder }>((tie) => ({
  node: fc.oneof({ maxDepth: 3 }, fc.constantFrom('x', 'y', 'z'), tie('folder')),
  folder: fc.dictionary(
    fc.oneof(fc.constantFrom('a', 'b', 'c', 'd'), anyName).filter((name) => name !== '__proto__'),
    tie('node'),
    { maxKeys: 6, noNullPrototype: true },
  ),
}));

function store(objects: MemoryObjects, folder: Folder): TreeRef {
  const entries = Object.entries(folder).map(([name, node]): TreeEntry => {
    if (typeof node === 'string') return fileEntry(name, node);
    const below = store(objects, node);
    const walked = [...walkTree(below)].filter(({ entry }) => entry.kind === 'file');
    const bytes = walked.reduce((sum, { entry }) => sum + (entry.kind === 'file' ? entry.size : 0), 0);
    return { kind: 'directory', name: byteName(name), files: walked.length, bytes, id: below.id };
  });
  return { reader: objects, id: objects.tree(entries).id };
}

/** The same answer the slow way: both trees as maps from path to entry. */
function naiveDiff(before: TreeRef, after: TreeRef): Map<string, { old?: TreeEntry; new?: TreeEntry }> {
  const old = new Map([...walkTree(before)].map(({ path, entry }) => [path, entry]));
  const now = new Map([...walkTree(after)].map(({ path, entry }) => [path, entry]));
  const changes = new Map<string, { old?: TreeEntry; new?: TreeEntry }>();
  for (const path of new Set([...old.keys(), ...now.keys()])) {
    const [a, b] = [old.get(path), now.get(path)];
    if (a && b && (sameEntry(a, b) || (a.kind === 'directory' && b.kind === 'directory'))) continue;
    changes.set(path, { ...(a && { old: a }), ...(b && { new: b }) });
  }
  return changes;
}

function byPath(changes: Iterable<TreeChange>): Map<string, { old?: TreeEntry; new?: TreeEntry }> {
  return new Map([...changes].map(({ path, ...sides }) => [path, sides]));
}

describe('diffTrees', () => {
  it('finds what comparing two full listings finds', () => {
    fc.assert(
      fc.property(anyFolder, anyFolder, (left, right) => {
        const objects = new MemoryObjects();
        const before = store(objects, left);
        const after = store(objects, right);
        const changes = [...diffTrees(before, after)];
        expect(byPath(changes)).toEqual(naiveDiff(before, after));
        expect(byPath(changes).size).toBe(changes.length);
      }),
      { numRuns: runs(300) },
    );
  });

  it('finds what comparing two full listings finds in directories of many nodes', () => {
    const all = numberedEntries(3000);
    const change = fc.record({ at: fc.nat({ max: 2999 }), how: fc.constantFrom('edit', 'drop', 'insert') });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
        const edited = new Map(all.map((entry) => [entry.name, entry]));
        for (const { at, how } of changes) {
          const { name } = all[at]!;
          if (how === 'drop') edited.delete(name);
          else if (how === 'edit') edited.set(name, fileEntry(name, 'edited'));
          else edited.set(byteName(`${name}.new`), fileEntry(`${name}.new`));
        }
        const objects = new MemoryObjects();
        const before = { reader: objects, id: objects.tree(all).id };
        const after = { reader: objects, id: objects.tree([...edited.values()]).id };
        expect(byPath(diffTrees(before, after))).toEqual(naiveDiff(before, after));
      }),
      { numRuns: runs(40) },
    );
  });

  it('reads a few nodes to find one change among 20,000', () => {
    const all = numberedEntries(20_000);
    const objects = new MemoryObjects();
    const before = { reader: objects, id: objects.tree(all).id };
    const after = { reader: objects, id: objects.tree([...all, fileEntry('img-010000.png.new')]).id };
    objects.reads.length = 0;
    expect([...diffTrees(before, after)].map(({ path }) => path)).toEqual(['img-010000.png.new']);
    expect(objects.reads.length).toBeLessThanOrEqual(8);
  });

  it('names a directory that came or went, and everything below it', () => {
    const objects = new MemoryObjects();
    const before = store(objects, { a: { b: { c: 'x' }, empty: {} } });
    const after = store(objects, { a: 'x' });
    expect([...diffTrees(before, after)].map(({ path }) => path)).toEqual(['a', 'a/b', 'a/b/c', 'a/empty']);
    expect([...diffTrees(undefined, before)].map(({ path }) => path)).toEqual([
      'a',
      'a/b',
      'a/b/c',
      'a/empty',
    ]);
    expect([...diffTrees(before, before)]).toEqual([]);
  });
});
