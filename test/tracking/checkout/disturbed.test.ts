import { mkdirSync, renameSync, symlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { RepoPath } from '../../../src/base/paths.js';
import { checkOut } from '../../../src/tracking/checkout/checkout.js';
import { realFileTimes } from '../../../src/tracking/scan/file-times.js';
import { StoreLinks } from '../../../src/tracking/scan/store-links.js';
import { StatIndex } from '../../../src/tracking/scan/stat-index.js';
import type { Snapshot } from '../../../src/tracking/workspace-files.js';
import { listing } from '../listing.js';
import { TrackedFolder } from '../tracked-folder.js';

const data = 'data' as RepoPath;

/** A checkout in which `disturb` happens when everything was looked at, just before the first change. */
function checkout(
  folder: TrackedFolder,
  snapshot: Snapshot,
  { path = data, force = false, disturb }: { path?: RepoPath; force?: boolean; disturb: () => void },
): Promise<boolean> {
  const { root, store } = folder;
  const index = new StatIndex(folder.path('.ocrstore/index/stat'));
  return checkOut(
    {
      root,
      store,
      trees: store,
      index,
      times: realFileTimes,
      storeLinks: new StoreLinks(store, root),
      links: ['copy'],
    },
    {
      ...{ path, tracked: path, snapshot, force, begin: disturb },
      ...{ lastPut: undefined, begun: undefined, keepEdits: false },
    },
  );
}

/** Two versions that differ deep below; a folder elsewhere looks like the first of them. */
async function twoVersions() {
  const folder = new TrackedFolder();
  for (const top of ['data', 'elsewhere']) {
    folder.write(`${top}/sub/deep/changed`, '1');
    folder.write(`${top}/sub/deep/removed`, '1');
    folder.write(`${top}/sub/deep/kind`, '1');
  }
  const first = await folder.add('data');
  folder.write('data/sub/deep/changed', '22');
  folder.write('data/sub/deep/new', '2');
  folder.write('data/sub/deep/folder/new', '2');
  folder.remove('data/sub/deep/removed');
  folder.remove('data/sub/deep/kind');
  symlinkSync('new', folder.path('data/sub/deep/kind'));
  const second = await folder.add('data');
  await folder.files().checkout(data, first);
  return { folder, second };
}

describe('a folder that becomes a link between the look and the first change', () => {
  test.each(['data', 'data/sub', 'data/sub/deep'])('%s: nothing is changed behind it', async (swapped) => {
    for (const force of [false, true]) {
      const { folder, second } = await twoVersions();
      const elsewhere = listing(folder.path('elsewhere'));
      const disturb = () => {
        renameSync(folder.path(swapped), folder.path('moved'));
        symlinkSync(folder.path(swapped.replace('data', 'elsewhere')), folder.path(swapped));
      };
      const disturbed = checkout(folder, second, { force, disturb });
      await expect(disturbed).rejects.toMatchObject({ code: 'checkout-disturbed' });
      expect(listing(folder.path('elsewhere'))).toEqual(elsewhere);
    }
  });

  test('of a path that is new, the folder above it', async () => {
    const folder = new TrackedFolder();
    folder.write('deep/data/a', 'a');
    const snapshot = await folder.add('deep/data');
    folder.remove('deep/data');
    mkdirSync(folder.path('elsewhere'));
    const disturb = () => {
      renameSync(folder.path('deep'), folder.path('moved'));
      symlinkSync('elsewhere', folder.path('deep'));
    };
    const disturbed = checkout(folder, snapshot, { path: 'deep/data' as RepoPath, disturb });
    await expect(disturbed).rejects.toMatchObject({ code: 'checkout-disturbed' });
    expect(folder.names('elsewhere')).toEqual([]);
  });
});

describe('a file that is edited between the look and the first change', () => {
  test.each(['changed', 'removed', 'kind'])(
    '%s: the edit stays, as long as the file was or not',
    async (name) => {
      for (const edit of ['x', 'longer']) {
        const { folder, second } = await twoVersions();
        const disturb = () => {
          folder.write(`data/sub/deep/${name}`, edit);
        };
        await expect(checkout(folder, second, { disturb })).rejects.toMatchObject({
          code: 'would-lose-bytes',
        });
        expect(folder.read(`data/sub/deep/${name}`)).toBe(edit);
      }
    },
  );
});
