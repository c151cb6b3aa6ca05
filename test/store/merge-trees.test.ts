import { describe, expect, it } from 'vitest';
import { byteName } from '../../src/store/byte-name.js';
import { mergeTrees, type Favour, type MergedTree } from '../../src/store/merge-trees.js';
import type { FileEntry, TreeEntry } from '../../src/store/tree-format.js';
import { walkTree, type TreeRef } from '../../src/store/tree-reader.js';
import { fileEntry, numberedEntries } from './entries.js';
import { MemoryObjects } from './memory-objects.js';
import fc, { runs } from '../rig/fast-check.js';

/** Files by path: `x`, or `x!` for an executable one, or `@x` for a link to x. */
type Files = Readonly<Record<string, string>>;

const content = fc.constantFrom('1', '2', '3', '1!', '2!', '@1');
/** Paths that are now and then a file on one side and a folder on the other. */
const anyPath = fc.constantFrom('a', 'a/b', 'a/c', 'a/b/c', 'd', 'd/e', 'f', 'g.txt');
const anyFiles = fc
  .dictionary(anyPath, content, { maxKeys: 6, noNullPrototype: true })
  .map((files): Files => withoutClashes(files));

function withoutClashes(files: Files): Files {
  return Object.fromEntries(
    Object.entries(files).filter(
      ([path]) => !Object.keys(files).some((other) => other.startsWith(`${path}/`)),
    ),
  );
}

function entryOf(name: string, text: string): TreeEntry {
  if (text.startsWith('@')) return { kind: 'symlink', name: byteName(name), target: text.slice(1) };
  const executable = text.endsWith('!');
  const file: FileEntry = fileEntry(name, executable ? text.slice(0, -1) : text);
  return { ...file, executable };
}

function store(objects: MemoryObjects, files: Files): TreeRef {
  return { reader: objects, id: summary(objects, files).id };
}

function summary(objects: MemoryObjects, files: Files) {
  const names = [...new Set(Object.keys(files).map((path) => path.split('/')[0]!))];
  const entries = names.map((name): TreeEntry => {
    if (files[name] !== undefined) return entryOf(name, files[name]);
    const below = Object.entries(files)
      .filter(([path]) => path.startsWith(`${name}/`))
      .map(([path, text]) => [path.slice(name.length + 1), text]);
    return {
      kind: 'directory',
      name: byteName(name),
      ...summary(objects, Object.fromEntries(below) as Files),
    };
  });
  return objects.tree(entries);
}

function filesOf(objects: MemoryObjects, merged: MergedTree): Record<string, string> {
  const known = ['1', '2', '3'];
  const files = [...walkTree({ reader: objects, id: merged.tree.id })].flatMap(({ path, entry }) => {
    if (entry.kind === 'directory') return [];
    if (entry.kind === 'symlink') return [[path, `@${entry.target}`]];
    const text = known.find((each) => fileEntry('x', each).id === entry.id) ?? '?';
    return [[path, entry.executable ? `${text}!` : text]];
  });
  return Object.fromEntries(files) as Record<string, string>;
}

function merge(objects: MemoryObjects, [base, ours, theirs]: readonly Files[], favour: Favour = 'ours') {
  const trees = {
    base: base && store(objects, base),
    ours: store(objects, ours!),
    theirs: store(objects, theirs!),
  };
  return mergeTrees(trees, {
    favour: () => favour,
    put: (node) => objects.put('tree', node),
  });
}

/** Plain three-way merge of one path; undefined: absent. Throws for a conflict. */
function oracle(base?: string, ours?: string, theirs?: string): { value?: string | undefined } | 'conflict' {
  if (ours === theirs || base === theirs) return { value: ours };
  if (base === ours) return { value: theirs };
  const parts = [base, ours, theirs].map((text) =>
    text === undefined || text.startsWith('@') ? undefined : [text.replace('!', ''), text.endsWith('!')],
  );
  if (parts.includes(undefined)) return 'conflict';
  const [b, o, t] = parts as [string, boolean][];
  const bytes = b![0] === o![0] ? t![0] : b![0] === t![0] || o![0] === t![0] ? o![0] : undefined;
  if (bytes === undefined) return 'conflict';
  return { value: `${bytes}${(b![1] === o![1] ? t![1] : o![1]) ? '!' : ''}` };
}

describe('mergeTrees', () => {
  it('is a plain three-way merge of each path, and a conflict wherever that is one', () => {
    fc.assert(
      fc.property(anyFiles, anyFiles, anyFiles, (base, ours, theirs) => {
        const paths = [...new Set([base, ours, theirs].flatMap((files) => Object.keys(files)))];
        const results = paths.map((path) => [path, oracle(base[path], ours[path], theirs[path])] as const);
        const expected: Record<string, string> = {};
        for (const [path, result] of results) {
          if (result !== 'conflict' && result.value !== undefined) expected[path] = result.value;
        }
        const clash = Object.keys(expected).length !== Object.keys(withoutClashes(expected)).length;
        const conflicts = results.filter(([, result]) => result === 'conflict').map(([path]) => path);
        const objects = new MemoryObjects();
        const merged = merge(objects, [base, ours, theirs]);
        const found = merged.conflicts.map(({ path }) => path);
        if (conflicts.length === 0 && !clash) {
          expect(found).toEqual([]);
          expect(filesOf(objects, merged)).toEqual(expected);
        } else {
          expect(found).toEqual(expect.arrayContaining(conflicts));
          expect(found.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: runs(400) },
    );
  });

  it('gives the same whichever side is called ours, and the same conflicts', () => {
    fc.assert(
      fc.property(anyFiles, anyFiles, anyFiles, (base, ours, theirs) => {
        const objects = new MemoryObjects();
        const one = merge(objects, [base, ours, theirs], 'ours');
        const other = merge(objects, [base, theirs, ours], 'theirs');
        expect(other.tree).toEqual(one.tree);
        expect(other.conflicts.map(({ path }) => path)).toEqual(one.conflicts.map(({ path }) => path));
      }),
      { numRuns: runs(300) },
    );
  });

  it('takes the side that changed where the other did not, whatever that is', () => {
    fc.assert(
      fc.property(anyFiles, anyFiles, (base, side) => {
        const objects = new MemoryObjects();
        const expected = { tree: summary(objects, side), conflicts: [] };
        expect(merge(objects, [base, side, base])).toEqual(expected);
        expect(merge(objects, [base, base, side])).toEqual(expected);
        expect(merge(objects, [base, side, side])).toEqual(expected);
      }),
      { numRuns: runs(200) },
    );
  });

  it('differs between the sides of a conflict in the conflicts alone, and in nothing once each is chosen', () => {
    fc.assert(
      fc.property(anyFiles, anyFiles, anyFiles, (base, ours, theirs) => {
        const objects = new MemoryObjects();
        const [left, right] = (['ours', 'theirs'] as const).map((side) =>
          merge(objects, [base, ours, theirs], side),
        );
        const again = (favour: Favour) =>
          mergeTrees(
            {
              ours: { reader: objects, id: left!.tree.id },
              theirs: { reader: objects, id: right!.tree.id },
            },
            { everyDifference: true, favour: () => favour, put: (node) => objects.put('tree', node) },
          );
        expect(again('ours').tree).toEqual(left!.tree);
        expect(again('theirs').tree).toEqual(right!.tree);
        for (const { path } of again('ours').conflicts) {
          const near = [...left!.conflicts, ...right!.conflicts].some(
            (each) => path === each.path || path.startsWith(`${each.path}/`),
          );
          expect(near).toBe(true);
        }
      }),
      { numRuns: runs(300) },
    );
  });

  it('keeps both versions of a file with union, and what one side deleted', () => {
    const objects = new MemoryObjects();
    const sides = [
      { 'g.txt': '1', d: '1' },
      { 'g.txt': '2', d: '2' },
      { 'g.txt': '3', f: '1' },
    ];
    expect(filesOf(objects, merge(objects, sides, 'union'))).toEqual({
      'g.txt': '2',
      'g~theirs.txt': '3',
      d: '2',
      f: '1',
    });
  });

  it('merges two additions to a flat folder of many nodes into what adding all of them gives', () => {
    const objects = new MemoryObjects();
    const all = numberedEntries(3000);
    const ours = [...all, fileEntry('img-000500a.png')];
    const theirs = [...all.slice(1), fileEntry('zzz')];
    const ref = (entries: readonly TreeEntry[]) => ({ reader: objects, id: objects.tree(entries).id });
    const merged = mergeTrees(
      { base: ref(all), ours: ref(ours), theirs: ref(theirs) },
      { favour: () => 'ours', put: (node) => objects.put('tree', node) },
    );
    expect(merged.conflicts).toEqual([]);
    expect(merged.tree).toEqual(
      objects.tree([...all.slice(1), fileEntry('img-000500a.png'), fileEntry('zzz')]),
    );
  });
});
