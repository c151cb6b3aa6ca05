import { describe, expect, it } from 'vitest';
import { contentIdOf } from '../../src/base/content-id.js';
import { byteName } from '../../src/store/byte-name.js';
import { missingFrom, objectsOf } from '../../src/store/closure.js';
import {
  encodeEntry,
  encodeNodeHeader,
  entryLength,
  NODE_HEADER_BYTES,
  type InnerEntry,
} from '../../src/store/tree-format.js';
import { findEntry, findPath, treeEntries, walkNodes, walkTree } from '../../src/store/tree-reader.js';
import { fileEntry, numberedEntries } from './entries.js';
import { MemoryObjects } from './memory-objects.js';

function directory(
  name: string,
  summary: { id: ReturnType<typeof contentIdOf>; files: number; bytes: number },
) {
  return { kind: 'directory', name: byteName(name), ...summary } as const;
}

function innerNode(level: number, children: readonly InnerEntry[]): Buffer {
  const node = Buffer.alloc(children.reduce((sum, child) => sum + entryLength(child), NODE_HEADER_BYTES));
  encodeNodeHeader(node, level, children.length);
  children.reduce((offset, child) => encodeEntry(node, offset, child), NODE_HEADER_BYTES);
  return node;
}

describe('reading trees', () => {
  it('finds a name among 20,000 by reading one node a level', () => {
    const objects = new MemoryObjects();
    const all = numberedEntries(20_000);
    const tree = { reader: objects, id: objects.tree(all).id };
    for (const wanted of [all[0]!, all[9_999]!, all.at(-1)!]) {
      objects.reads.length = 0;
      expect(findEntry(tree, wanted.name)).toEqual(wanted);
      expect(objects.reads.length).toBeLessThanOrEqual(3);
    }
    expect(findEntry(tree, 'img-000000.pn')).toBeUndefined();
    expect(findEntry(tree, 'zzz')).toBeUndefined();
  });

  it('walks directories in order, each before what is in it', () => {
    const objects = new MemoryObjects();
    const inner = objects.tree([fileEntry('x'), fileEntry('y')]);
    const empty = objects.tree([]);
    const { id } = objects.tree([fileEntry('c'), directory('b', inner), directory('a', empty)]);
    const tree = { reader: objects, id };
    expect([...walkTree(tree)].map(({ path }) => path)).toEqual(['a', 'b', 'b/x', 'b/y', 'c']);
    expect(findPath(tree, 'b/y')).toEqual(fileEntry('y'));
    expect(findPath(tree, 'c/y')).toBeUndefined();
    expect(findPath(tree, 'b/z')).toBeUndefined();
  });

  it('follows 300 directories below each other', () => {
    const objects = new MemoryObjects();
    let summary = objects.tree([fileEntry('leaf')]);
    for (let depth = 0; depth < 300; depth += 1) summary = objects.tree([directory('d', summary)]);
    const walked = [...walkTree({ reader: objects, id: summary.id })];
    expect(walked.at(-1)?.path).toBe(`${'d/'.repeat(300)}leaf`);
  });

  it('refuses a tree that is deeper than any path, without running out of memory', () => {
    const objects = new MemoryObjects();
    let summary = objects.tree([fileEntry('leaf')]);
    for (let depth = 0; depth < 1100; depth += 1) summary = objects.tree([directory('d', summary)]);
    expect(() => [...walkTree({ reader: objects, id: summary.id })]).toThrow(
      expect.objectContaining({ code: 'tree-invalid' }),
    );
  });

  it('refuses a node that is not what the node above says of it', () => {
    const objects = new MemoryObjects();
    const leaf = objects.tree([fileEntry('a')]);
    const sound = { last: byteName('a'), files: 1, bytes: 1, id: leaf.id };
    const lies: [number, InnerEntry][] = [
      [2, sound],
      [1, { ...sound, last: byteName('b') }],
      [1, { ...sound, files: 2 }],
      [1, { ...sound, bytes: 0 }],
    ];
    const read = (level: number, child: InnerEntry) => {
      const id = objects.put('tree', innerNode(level, [child]));
      return [...treeEntries({ reader: objects, id })];
    };
    expect(read(1, sound)).toEqual([fileEntry('a')]);
    for (const [level, child] of lies) {
      expect(() => read(level, child)).toThrow(expect.objectContaining({ code: 'tree-invalid' }));
    }
  });

  it('keeps trees and listings apart', () => {
    const objects = new MemoryObjects();
    const { id } = objects.tree([fileEntry('a')], 'listing');
    expect([...treeEntries({ reader: objects, kind: 'listing', id })]).toEqual([fileEntry('a')]);
    expect(() => [...treeEntries({ reader: objects, id })]).toThrow(
      expect.objectContaining({ code: 'object-missing' }),
    );
  });
});

describe('what a tree needs', () => {
  it('names every node and blob once, and nothing below skipped nodes', () => {
    const objects = new MemoryObjects();
    const inner = objects.tree([fileEntry('x', 'same'), fileEntry('y')]);
    const { id } = objects.tree([directory('b', inner), directory('c', inner), fileEntry('d', 'same')]);
    const tree = { reader: objects, id };
    expect([...objectsOf(tree)]).toEqual([
      { kind: 'tree', id },
      { kind: 'blob', id: contentIdOf('same'), size: 4 },
      { kind: 'tree', id: inner.id },
      { kind: 'blob', id: contentIdOf('y'), size: 1 },
    ]);
    expect([...walkNodes(tree, (node) => node === inner.id)].map((node) => node.id)).toEqual([id]);
  });

  it('says what is missing, and does not ask for the files of a listing', () => {
    const objects = new MemoryObjects();
    const inner = objects.tree([fileEntry('x')]);
    const gone = new MemoryObjects().tree([fileEntry('gone')]);
    const { id } = objects.tree([directory('b', inner), directory('c', gone), fileEntry('d')]);
    objects.put('blob', Buffer.from('d'));
    expect([...missingFrom({ reader: objects, id })]).toEqual([
      { kind: 'blob', id: contentIdOf('x'), size: 1 },
      { kind: 'tree', id: gone.id },
    ]);
    const listing = objects.tree([fileEntry('x')], 'listing');
    expect([...missingFrom({ reader: objects, kind: 'listing', id: listing.id })]).toEqual([]);
  });
});
