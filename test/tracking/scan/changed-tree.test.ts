import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc, { runs } from '../../rig/fast-check.js';
import { describe, expect, test } from 'vitest';
import { contentIdOf } from '../../../src/base/content-id.js';
import type { RepoPath } from '../../../src/base/paths.js';
import { byteName } from '../../../src/store/byte-name.js';
import { missingFrom } from '../../../src/store/closure.js';
import { LocalStore } from '../../../src/store/local-store.js';
import { buildTree } from '../../../src/store/tree-builder.js';
import type { TreeEntry } from '../../../src/store/tree-format.js';
import { memoryFolder } from '../../../src/tracking/memory-folder.js';
import type { FileTimes } from '../../../src/tracking/scan/file-times.js';
import { hashingSink } from '../../../src/tracking/scan/sinks.js';
import { scanPath } from '../../../src/tracking/scan/snapshot.js';
import { StatIndex } from '../../../src/tracking/scan/stat-index.js';
import { StoreLinks } from '../../../src/tracking/scan/store-links.js';
import { TrackedFolder } from '../tracked-folder.js';

const data = 'data' as RepoPath;
/** So many that nodes hold hundreds of them, and a change is looked for in few. */
const FILES = 700;
/** Times count as settled at once, so that every scan remembers all that it may. */
const settled: FileTimes = {
  view: (stat) => stat,
  settledBefore: () => Number.POSITIVE_INFINITY,
  showsNames: () => true,
};

function nameOf(index: number): string {
  return `${String(index).padStart(4, '0')}.txt`;
}

function folderOfMany(): TrackedFolder {
  const folder = new TrackedFolder(settled);
  for (let index = 0; index < FILES; index += 1) folder.write(`data/sub/${nameOf(index)}`, `file ${index}`);
  folder.write('data/a', 'a');
  return folder;
}

/** The id of what is in a folder, from its files alone. */
function idOf(folder: TrackedFolder): string {
  const entries = (at: string): TreeEntry[] =>
    readdirSync(folder.path(at), { withFileTypes: true }).map((entry) => {
      const name = byteName(entry.name);
      const path = join(at, entry.name);
      if (entry.isDirectory()) return { kind: 'directory', name, ...buildTree(entries(path), contentIdOf) };
      const bytes = readFileSync(folder.path(path));
      return { kind: 'file', name, executable: false, size: bytes.length, id: contentIdOf(bytes) };
    });
  return buildTree(entries('data'), contentIdOf).id;
}

/** Nodes that a look at a folder makes. */
async function nodesMade(folder: TrackedFolder): Promise<number> {
  const store = LocalStore.open(folder.path('.ocrstore'));
  let made = 0;
  const sink = hashingSink({
    node: (node) => ((made += 1), contentIdOf(node)),
    knows: () => false,
    nodes: store,
    packs: () => store.packSizes(),
  });
  const index = new StatIndex(join(memoryFolder(folder.root), 'stat'));
  const storeLinks = new StoreLinks(store, folder.root);
  await scanPath({ root: folder.root, index, times: settled, storeLinks }, data, sink);
  return made;
}

describe('a folder of many files in which few change', () => {
  test('costs its nodes around them, be they stored, seen before, or edited again', async () => {
    const folder = folderOfMany();
    await folder.files().store(data);
    expect(await nodesMade(folder)).toBe(0);
    folder.write(`data/sub/${nameOf(123)}`, 'changed');
    const after = await nodesMade(folder);
    // One of its nodes and the one above, and the folder above it.
    expect(after).toBe(3);
    expect(await nodesMade(folder)).toBe(after);
    folder.write(`data/sub/${nameOf(123)}`, 'changed again');
    expect(await nodesMade(folder)).toBe(after);
    await folder.files().store(data);
    expect(await nodesMade(folder)).toBe(0);
  });

  test('is what it would be if it were seen for the first time, where its nodes are damaged or gone', async () => {
    for (const harm of [
      (pack: string) => {
        writeFileSync(pack, '');
      },
      (pack: string) => {
        rmSync(pack);
      },
    ]) {
      const folder = folderOfMany();
      await folder.files().store(data);
      folder.write(`data/sub/${nameOf(5)}`, 'changed');
      for (const pack of readdirSync(folder.path('.ocrstore/packs')))
        harm(folder.path(join('.ocrstore/packs', pack)));
      const { id } = (await folder.files().store(data))!;
      expect(id).toBe(idOf(folder));
      expect([...missingFrom({ reader: LocalStore.open(folder.path('.ocrstore')), id })]).toEqual([]);
    }
  });

  const file = fc.nat(FILES - 1);
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ write: file, text: fc.constantFrom('1', '2') }) },
    { weight: 1, arbitrary: fc.record({ remove: file }) },
    { weight: 1, arbitrary: fc.record({ losePack: fc.nat(5) }) },
    { weight: 2, arbitrary: fc.constant('look' as const) },
    { weight: 2, arbitrary: fc.constant('store' as const) },
  );

  test('is always what its files say, and all of it is in the store once it was stored', async () => {
    const law = fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const folder = folderOfMany();
      await folder.files().store(data);
      for (const action of [...steps, 'store' as const]) {
        if (action === 'look') expect((await folder.files().state(data)).there?.id).toBe(idOf(folder));
        else if (action === 'store') {
          const { id } = (await folder.files().store(data))!;
          expect(id).toBe(idOf(folder));
          const reader = LocalStore.open(folder.path('.ocrstore'));
          expect([...missingFrom({ reader, id })]).toEqual([]);
        } else if ('write' in action) folder.write(`data/sub/${nameOf(action.write)}`, action.text);
        else if ('remove' in action) folder.remove(`data/sub/${nameOf(action.remove)}`);
        else {
          const packs = readdirSync(folder.path('.ocrstore/packs'));
          rmSync(folder.path(join('.ocrstore/packs', packs[action.losePack % packs.length]!)));
        }
      }
    });
    await fc.assert(law, { numRuns: runs(12) });
  });
});
