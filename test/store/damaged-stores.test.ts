import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ContentId } from '../../src/base/content-id.js';
import { diffTrees } from '../../src/store/tree-diff.js';
import { LocalStore } from '../../src/store/local-store.js';
import { walkNodes, walkTree } from '../../src/store/tree-reader.js';
import { verifyStore } from './verify-store.js';
import { temporaryFolder } from '../rig/temporary-folder.js';

interface DamagedStore {
  /** Path in the store to content, hex. */
  files: Record<string, string>;
  /** What a check of the whole store names: kind and id. */
  found: [string, string][];
  root: ContentId;
  /** The code that walking the tree `root` ends with, or null if it is sound. */
  refused: string | null;
}

const stores = JSON.parse(
  readFileSync(new URL('../fixtures/damaged/stores.json', import.meta.url), 'utf8'),
) as Record<string, DamagedStore>;

function lay(files: Record<string, string>): string {
  const root = temporaryFolder();
  for (const [path, hex] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), Buffer.from(hex, 'hex'));
  }
  return root;
}

describe.each(Object.entries(stores))('a store with %s', (_what, damaged) => {
  it('is reported as it is, and its tree never read as something else', () => {
    const store = LocalStore.open(lay(damaged.files));
    const found: [string, string][] = [];
    for (const { object } of verifyStore(store)) found.push([object.kind, object.id]);
    expect(found).toEqual(damaged.found);

    const tree = { reader: store, id: damaged.root };
    const walks = [
      () => [...walkTree(tree)].map(({ path }) => path),
      () => [...diffTrees(undefined, tree)].map(({ path }) => path),
      () => [...walkNodes(tree)].length && ['a.txt'],
    ];
    for (const walk of walks) {
      if (damaged.refused === null) expect(walk()).toEqual(['a.txt']);
      else expect(walk).toThrow(expect.objectContaining({ code: damaged.refused }));
    }
    store.close();
  });
});

describe('the collection of damaged stores', () => {
  it('is not empty', () => {
    expect(Object.keys(stores).length).toBeGreaterThan(35);
  });
});
