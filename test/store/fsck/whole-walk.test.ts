import { describe, expect, it } from 'vitest';
import { contentIdFromBytes } from '../../../src/base/content-id.js';
import { WholeWalk, type RawReader } from '../../../src/store/fsck/whole-walk.js';
import type { TreeEntry } from '../../../src/store/tree-format.js';
import { fileEntry, numberedEntries } from '../entries.js';
import { byteName } from '../../../src/store/byte-name.js';
import type { TreeSummary } from '../../../src/store/tree-builder.js';
import { MemoryObjects } from '../memory-objects.js';

class RawObjects extends MemoryObjects implements RawReader {
  hasFileAt(raw: Buffer, at: number): boolean {
    return this.has('blob', contentIdFromBytes(raw, at));
  }

  /** A directory whose files are there. */
  stored(entries: readonly TreeEntry[]): TreeSummary {
    for (const entry of entries) if (entry.kind === 'file') this.put('blob', Buffer.from(entry.name));
    return this.tree(entries);
  }
}

function directory(name: string, { id, files, bytes }: TreeSummary): TreeEntry {
  return { kind: 'directory', name: byteName(name), id, files, bytes };
}

/** A directory in a directory: 1,500 files, so that nodes stand above nodes, and two beside it. */
function fullStore(): { store: RawObjects; top: TreeSummary } {
  const store = new RawObjects();
  const below = store.stored(numberedEntries(1500));
  const top = store.stored([fileEntry('a'), directory('b', below), fileEntry('c')]);
  return { store, top };
}

describe('whether all is there that a directory needs', () => {
  it('is so until any one object is missing', () => {
    const { store, top } = fullStore();
    expect(new WholeWalk(store).isWhole('tree', top.id)).toBe(true);
    const nodes = [...store.objects].filter(([name]) => name.startsWith('tree'));
    const files = [...store.objects].filter(([name], index) => name.startsWith('blob') && index % 97 === 0);
    for (const [name, bytes] of [...nodes, ...files]) {
      store.objects.delete(name);
      expect(new WholeWalk(store).isWhole('tree', top.id)).toBe(false);
      store.objects.set(name, bytes);
    }
    expect(new WholeWalk(store).isWhole('tree', top.id)).toBe(true);
  });

  it('is not so where a node is not what is said of it', () => {
    const { store } = fullStore();
    const { id, files, bytes } = store.stored(numberedEntries(3));
    for (const says of [
      { id, files: files + 1, bytes },
      { id, files, bytes: bytes - 1 },
    ]) {
      const top = store.tree([directory('d', says)]);
      expect(new WholeWalk(store).isWhole('tree', top.id)).toBe(false);
    }
    expect(new WholeWalk(store).isWhole('tree', store.tree([directory('d', { id, files, bytes })]).id)).toBe(
      true,
    );
  });

  it('does not ask for the files of a listing', () => {
    const store = new RawObjects();
    const { id } = store.tree([fileEntry('a')], 'listing');
    expect(new WholeWalk(store).isWhole('listing', id)).toBe(true);
    expect(new WholeWalk(store).isWhole('tree', id)).toBe(false);
  });
});
