import { describe, expect, test } from 'vitest';
import type { ContentId } from '../../src/base/content-id.js';
import { OcrpipeError } from '../../src/base/errors.js';
import { byteName } from '../../src/store/byte-name.js';
import { missingFrom } from '../../src/store/closure.js';
import { diffTrees } from '../../src/store/tree-diff.js';
import {
  encodeEntry,
  encodeNodeHeader,
  entryLength,
  MAX_TREE_FILES,
  NODE_HEADER_BYTES,
  type DirectoryEntry,
  type InnerEntry,
  type TreeEntry,
} from '../../src/store/tree-format.js';
import { findPath, walkNodes, walkTree } from '../../src/store/tree-reader.js';
import { fileEntry } from './entries.js';
import { MemoryObjects } from './memory-objects.js';
import fc, { runs } from '../rig/fast-check.js';

/** Nodes as a hostile store may hold them: each sound by itself, and stored under its right id. */
class HostileStore extends MemoryObjects {
  node(entries: readonly (TreeEntry | InnerEntry)[], level = 0): ContentId {
    const length = entries.reduce((sum, entry) => sum + entryLength(entry), NODE_HEADER_BYTES);
    const node = Buffer.alloc(length);
    encodeNodeHeader(node, level, entries.length);
    entries.reduce((offset, entry) => encodeEntry(node, offset, entry), NODE_HEADER_BYTES);
    return this.put('tree', node);
  }

  /** What each way of reading a whole directory ends with: a code, or 'read'. */
  outcomes(id: ContentId): string[] {
    const tree = { reader: this, id };
    return [
      () => [...walkTree(tree)],
      () => [...diffTrees(undefined, tree)],
      () => [...diffTrees(tree, undefined)],
      () => [...walkNodes(tree)],
      () => [...missingFrom(tree)],
    ].map((walk) => {
      try {
        walk();
        return 'read';
      } catch (error) {
        return error instanceof OcrpipeError ? error.code : String(error);
      }
    });
  }
}

function directory(name: string, id: ContentId, says: Partial<DirectoryEntry> = {}): DirectoryEntry {
  return { kind: 'directory', name: byteName(name), files: 1, bytes: 1, id, ...says };
}

const refused = Array.from({ length: 5 }, () => 'tree-invalid');
const read = Array.from({ length: 5 }, () => 'read');

describe('totals that lie', () => {
  test.each([
    ['more files', { files: 2 }],
    ['fewer files', { files: 0 }],
    ['more bytes', { bytes: 2 }],
    ['fewer bytes', { bytes: 0 }],
  ])('%s than a directory has are refused by the name of its node', (_what, says) => {
    const store = new HostileStore();
    const inside = store.node([fileEntry('f', 'x')]);
    const root = store.node([directory('a', inside), directory('b', inside, says)]);
    expect(store.outcomes(root)).toEqual(refused);
    expect(() => [...walkTree({ reader: store, id: root })]).toThrow(inside);
    expect(() => findPath({ reader: store, id: root }, 'b/f')).toThrow(inside);
    expect(store.outcomes(store.node([directory('a', inside), directory('b', inside)]))).toEqual(read);
  });

  test('are refused wherever they stand', () => {
    const law = fc.property(
      fc.array(fc.nat({ max: 2 }), { minLength: 1, maxLength: 4 }),
      fc.nat(),
      fc.constantFrom('files' as const, 'bytes' as const),
      (widths, at, what) => {
        const store = new HostileStore();
        const liar = at % widths.length;
        let below = { id: store.node([fileEntry('f', 'x')]), files: 1, bytes: 1 };
        for (const [level, width] of widths.entries()) {
          const names = ['a', 'b', 'c'].slice(0, width + 1);
          const says = level === liar ? { ...below, [what]: below[what] + 1 } : below;
          const entries = names.map((name, index) =>
            directory(name, below.id, index === width ? says : below),
          );
          below = {
            id: store.node(entries),
            files: entries.reduce((sum, { files }) => sum + files, 0),
            bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0),
          };
        }
        expect(store.outcomes(below.id)).toEqual(refused);
      },
    );
    fc.assert(law, { numRuns: runs(60) });
  });

  test('that leave what can be counted are refused', () => {
    const store = new HostileStore();
    const inside = store.node([]);
    const many = { files: MAX_TREE_FILES, bytes: Number.MAX_SAFE_INTEGER };
    for (const says of [
      { ...many, bytes: 0 },
      { ...many, files: 0 },
    ]) {
      expect(
        store.outcomes(store.node([directory('a', inside, says), directory('b', inside, says)])),
      ).toEqual(refused);
    }
  });
});

describe('one node that is named over and over', () => {
  /** 2^40 times whatever is in `innermost`. */
  function bomb(store: HostileStore, innermost: { id: ContentId; files: number; bytes: number }): ContentId {
    let below = innermost;
    for (let level = 0; level < 40; level += 1) {
      const entries = ['a', 'b'].map((name) => directory(name, below.id, below));
      below = { id: store.node(entries), files: below.files * 2, bytes: below.bytes * 2 };
    }
    return below.id;
  }

  test('as a million million files, is refused before anything below is read', () => {
    const store = new HostileStore();
    const root = bomb(store, { id: store.node([fileEntry('f', 'x')]), files: 1, bytes: 1 });
    expect(store.outcomes(root)).toEqual(refused);
    expect(new Set(store.reads)).toEqual(new Set([root]));
  });

  test('as a million million empty folders, is given up soon', { timeout: 60_000 }, () => {
    const store = new HostileStore();
    const root = bomb(store, { id: store.node([]), files: 0, bytes: 0 });
    store.reads.push = () => 0;
    const tree = { reader: store, id: root };
    expect(() => {
      for (const { entry } of walkTree(tree)) if (entry.kind !== 'directory') throw new Error(entry.kind);
    }).toThrow(/empty directories/);
    // Who asks for each node once has no more to do than there are nodes.
    expect([...walkNodes(tree)]).toHaveLength(41);
    expect([...missingFrom(tree)]).toEqual([]);
  });

  test('in a chain deeper than folders can be, is refused', () => {
    const store = new HostileStore();
    let id = store.node([fileEntry('f', 'x')]);
    for (let level = 0; level < 3000; level += 1) id = store.node([directory('d', id)]);
    expect(store.outcomes(id).slice(0, 3)).toEqual(refused.slice(0, 3));
  });
});
