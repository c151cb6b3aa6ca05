import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { contentIdOf, type ContentId } from '../../src/base/content-id.js';
import { byteName, byteNameOfText, type ByteName } from '../../src/store/byte-name.js';
import { nameHash } from '../../src/store/name-hash.js';
import { buildTree, TreeBuilder } from '../../src/store/tree-builder.js';
import type { TreeEntry } from '../../src/store/tree-format.js';
import { treeEntries } from '../../src/store/tree-reader.js';
import { fileEntry, numberedEntries } from './entries.js';
import { MemoryObjects } from './memory-objects.js';
import fc, { runs } from '../rig/fast-check.js';

interface GoldenSummary {
  id: string;
  level: number;
  files: number;
  bytes: number;
  nodes: number;
  largest: number;
}
interface Golden {
  nameHashes: Record<string, number>;
  empty: string;
  mixed: { id: string; node: string };
  numbered: Record<string, GoldenSummary>;
  longLinks: Record<string, GoldenSummary>;
}
const golden = JSON.parse(
  readFileSync(new URL('../golden/store-format.json', import.meta.url), 'utf8'),
) as Golden;

function summarise(entries: readonly TreeEntry[]): GoldenSummary {
  const nodes: Buffer[] = [];
  const root = buildTree(entries, (node) => {
    nodes.push(Buffer.from(node));
    return contentIdOf(node);
  });
  return {
    ...root,
    level: nodes.at(-1)![5]!,
    nodes: nodes.length,
    largest: Math.max(...nodes.map((node) => node.length)),
  };
}

function shuffled<Item>(items: readonly Item[], seed: number): Item[] {
  return items
    .map((item, index) => ({ item, key: Math.imul((index + 1) * 2654435761, seed | 1) >>> 0 }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

describe('buildTree', () => {
  it('hashes names as another implementation does', () => {
    for (const [hex, expected] of Object.entries(golden.nameHashes)) {
      expect(nameHash(Buffer.from(hex, 'hex').toString('latin1'))).toBe(expected);
    }
  });

  it('writes the bytes that another implementation writes for every kind of entry', () => {
    const objects = new MemoryObjects();
    const empty = objects.tree([]);
    const hello = contentIdOf('hello\n');
    const root = objects.tree([
      { kind: 'file', name: byteName('run.sh'), executable: true, size: 6, id: hello },
      { kind: 'file', name: byteName('\xff\xfe not utf-8'), executable: false, size: 0, id: contentIdOf('') },
      { kind: 'file', name: byteNameOfText('é.txt'), executable: false, size: 6, id: hello },
      { kind: 'symlink', name: byteName('link'), target: 'run.sh' },
      { kind: 'directory', name: byteName('empty'), files: 0, bytes: 0, id: empty.id },
    ]);
    expect(objects.read('tree', empty.id).toString('hex')).toBe(golden.empty);
    expect(root).toEqual({ id: golden.mixed.id, files: 4, bytes: 12 });
    expect(objects.read('tree', root.id).toString('hex')).toBe(golden.mixed.node);
  });

  it.each(Object.entries(golden.numbered))(
    'cuts a directory of %s files where another implementation does',
    (count, expected) => {
      const entries = Array.from({ length: Number(count) }, (_, index): TreeEntry => ({
        kind: 'file',
        name: byteName(`img-${String(index).padStart(6, '0')}.png`),
        executable: index % 2 === 1,
        size: index,
        id: contentIdOf(`image ${index}`),
      }));
      expect(summarise(entries)).toEqual(expected);
    },
  );

  it.each(Object.entries(golden.longLinks))(
    'cuts %s links with long targets before a node would pass 1 MiB',
    (count, expected) => {
      const entries = Array.from({ length: Number(count) }, (_, index): TreeEntry => ({
        kind: 'symlink',
        name: byteName(String(index).padStart(5, '0') + 'x'.repeat(200)),
        target: 't'.repeat(4000),
      }));
      expect(summarise(entries)).toEqual(expected);
      expect(expected.largest).toBeLessThanOrEqual(1024 * 1024);
    },
  );

  it('gives the same id whatever the order in which names come, and gives every entry back', () => {
    const entries = numberedEntries(3000);
    const objects = new MemoryObjects();
    const { id } = objects.tree(entries);
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        expect(objects.tree(shuffled(entries, seed)).id).toBe(id);
      }),
      { numRuns: runs(10) },
    );
    expect([...treeEntries({ reader: objects, id })]).toEqual(entries);
  });

  it('gives the id of before when what was inserted is deleted again', () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-z0-9]{1,6}$/), { minLength: 1, maxLength: 600 });
    fc.assert(
      fc.property(names, fc.nat(), (all, drop) => {
        const kept = all.filter((_, index) => index !== drop % all.length);
        const objects = new MemoryObjects();
        const before = objects.tree(kept.map((name) => fileEntry(name)));
        objects.tree(all.map((name) => fileEntry(name)));
        const after = objects.tree(shuffled(kept, drop).map((name) => fileEntry(name)));
        expect(after).toEqual(before);
      }),
      { numRuns: runs(60) },
    );
  });

  it('rewrites less than 100 KB when one name is inserted into 200,000', () => {
    const entries = numberedEntries(200_000);
    const known = new Set<ContentId>();
    const remember = (node: Buffer): ContentId => {
      const id = contentIdOf(node);
      known.add(id);
      return id;
    };
    buildTree(entries, remember);
    const written: number[] = [];
    for (const at of [3, 77_777, 123_456]) {
      const added = fileEntry(`img-${String(at).padStart(6, '0')}.png.new`);
      let bytes = 0;
      buildTree([...entries, added], (node) => {
        const id = contentIdOf(node);
        if (!known.has(id)) bytes += node.length;
        return id;
      });
      written.push(bytes);
    }
    expect(Math.max(...written)).toBeLessThan(100_000);
    expect(Math.min(...written)).toBeGreaterThan(0);
  });

  it.each([
    '',
    '.',
    '..',
    '.git',
    '.GIT',
    '.Git',
    '.ocrstore',
    '.OCRStore',
    'a/b',
    '/',
    'a\0b',
    'x'.repeat(1024),
  ])('refuses the name %j', (name) => {
    const builder = new TreeBuilder(contentIdOf);
    expect(() => {
      builder.add({ ...fileEntry('x'), name: name as ByteName });
    }).toThrow(expect.objectContaining({ code: 'name-refused' }));
  });

  it('refuses names that come twice or out of order, and links to nothing', () => {
    const builder = new TreeBuilder(contentIdOf);
    builder.add(fileEntry('b'));
    for (const entry of [fileEntry('b'), fileEntry('a')]) {
      expect(() => {
        builder.add(entry);
      }).toThrow(expect.objectContaining({ code: 'tree-order' }));
    }
    for (const target of ['', 'a\0b', 't'.repeat(4096)]) {
      expect(() => {
        builder.add({ kind: 'symlink', name: byteName('c'), target });
      }).toThrow(expect.objectContaining({ code: 'name-refused' }));
    }
  });
});
