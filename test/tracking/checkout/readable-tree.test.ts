import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { contentIdOf, type ContentId } from '../../../src/base/content-id.js';
import type { RepoPath } from '../../../src/base/paths.js';
import type { ByteName } from '../../../src/store/byte-name.js';
import { objectMissing, type ObjectReader } from '../../../src/store/object-reader.js';
import { buildTree } from '../../../src/store/tree-builder.js';
import type { TreeEntry } from '../../../src/store/tree-format.js';
import { treeEntries, walkNodes, walkTree, type TreeRef } from '../../../src/store/tree-reader.js';
import { readableTree, type LostNames } from '../../../src/tracking/checkout/readable-tree.js';
import { NodeMemory } from '../../../src/tracking/scan/sinks.js';
import { listing } from '../listing.js';
import { TrackedFolder } from '../tracked-folder.js';

const data = 'data' as RepoPath;

function file(name: string, content: string): TreeEntry {
  const [id, size] = [contentIdOf(content), content.length];
  return { kind: 'file', name: name as ByteName, executable: false, size, id };
}

/** A directory of 1,500 files and a folder with 3, in several nodes. */
function directory(content: string, nodes: NodeMemory): TreeRef {
  const names = Array.from({ length: 1500 }, (_, index) => `f${String(index).padStart(4, '0')}`);
  const below = buildTree(
    ['a', 'b', 'c'].map((name) => file(name, content)),
    nodes.sink,
  );
  const folder: TreeEntry = { kind: 'directory', name: 'sub' as ByteName, ...below };
  const entries = [...names.map((name) => file(name, content)), folder];
  return { reader: nodes, id: buildTree(entries, nodes.sink).id };
}

function without(reader: ObjectReader, lost: ContentId): ObjectReader {
  return {
    has: (kind, id) => id !== lost && reader.has(kind, id),
    read: (kind, id) => {
      if (id === lost) throw objectMissing(kind, id, 'memory');
      return reader.read(kind, id);
    },
  };
}

describe('a directory of which a node is lost', () => {
  test.each(['nothing', 'another version'])(
    'is read but for the names in that node, for which %s stands',
    (standing) => {
      const nodes = new NodeMemory();
      const whole = directory('new', nodes);
      const there = standing === 'nothing' ? undefined : directory('old', nodes);
      const all = [...walkTree(whole)].filter(({ entry }) => entry.kind === 'file');
      const ids = [...walkNodes(whole)].map(({ id }) => id);
      expect(ids.length).toBeGreaterThan(4);
      for (const id of ids.filter((each) => each !== whole.id)) {
        const lost: LostNames[] = [];
        const tree = { reader: without(nodes, id), id: whole.id };
        const read = readableTree(tree, there, { below: '', put: nodes.sink, lost })!;
        const entries = [...walkTree({ reader: nodes, id: read.id })];
        const files = entries.filter(({ entry }) => entry.kind === 'file');
        const isNew = ({ entry }: { entry: TreeEntry }) =>
          entry.kind === 'file' && entry.id === contentIdOf('new');
        expect(lost).toHaveLength(1);
        expect(files.filter(isNew).length).toBeLessThan(all.length);
        expect(files.filter(isNew).length).toBeGreaterThan(0);
        if (there) expect(files.map(({ path }) => path)).toEqual(all.map(({ path }) => path));
        else expect(files.every(isNew)).toBe(true);
      }
    },
  );

  test('is as it was where nothing is lost, and nothing where its topmost node is', () => {
    const nodes = new NodeMemory();
    const whole = directory('new', nodes);
    const lost: LostNames[] = [];
    const reading = { below: '', put: nodes.sink, lost };
    expect(readableTree(whole, directory('old', nodes), reading)?.id).toBe(whole.id);
    expect(lost).toEqual([]);
    expect(
      readableTree({ reader: without(nodes, whole.id), id: whole.id }, undefined, reading),
    ).toBeUndefined();
    expect([...treeEntries(whole)]).toHaveLength(1501);
  });
});

/** Changes the stored node of a folder, as a disk may. */
function damageNode(folder: TrackedFolder, id: ContentId): void {
  const node = folder.store.read('tree', id);
  for (const name of readdirSync(folder.path('.ocrstore/packs'))) {
    const pack = folder.path(`.ocrstore/packs/${name}`);
    const bytes = readFileSync(pack);
    const at = bytes.indexOf(node);
    if (at === -1) continue;
    bytes[at + 12]! ^= 1;
    chmodSync(pack, 0o644);
    writeFileSync(pack, bytes);
  }
}

describe('a checkout of a directory of which the listing of a folder is damaged', () => {
  test.each(['nothing', 'something else', 'some of it'])(
    'puts everything else in place where %s is there, and names the folder',
    async (there) => {
      const folder = new TrackedFolder();
      for (const name of ['a', 'keep/b', 'sub/c', 'sub/d']) folder.write(`data/${name}`, name);
      const whole = await folder.add('data');
      const sub = [...treeEntries({ reader: folder.store, id: whole.id })].find(
        (entry) => entry.kind === 'directory' && entry.name === ('sub' as ByteName),
      ) as { id: ContentId };
      for (const name of there === 'some of it' ? ['data/a', 'data/sub/c'] : ['data']) folder.remove(name);
      if (there === 'something else') folder.write('data/sub/mine', 'mine');
      damageNode(folder, sub.id);
      const standing = there === 'nothing' ? [] : listing(folder.path('data/sub'));
      // What was found damaged counts as absent from then on.
      for (const code of ['object-damaged', 'object-missing']) {
        const refused = folder.files().checkout(data, whole, { keepEdits: true });
        await expect(refused).rejects.toMatchObject({
          code,
          message:
            'the store has lost which files there are in data/sub; everything else of data is in place',
        });
        expect(folder.read('data/a')).toBe('a');
        expect(folder.read('data/keep/b')).toBe('keep/b');
        expect(folder.has('data/sub') ? listing(folder.path('data/sub')) : []).toEqual(standing);
      }
    },
  );
});
