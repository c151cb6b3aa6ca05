import { describe, expect, test } from 'vitest';
import type { RepoPath } from '../../../src/base/paths.js';
import { bytePath } from '../../../src/tracking/byte-path.js';
import { checkOut } from '../../../src/tracking/checkout/checkout.js';
import { realFileTimes } from '../../../src/tracking/scan/file-times.js';
import { StatIndex } from '../../../src/tracking/scan/stat-index.js';
import { StoreLinks } from '../../../src/tracking/scan/store-links.js';
import { TrackedFolder } from '../tracked-folder.js';

const data = 'data' as RepoPath;

/** How many names of `data` are remembered after a checkout into nothing, where times before `settled` are settled. */
async function rememberedAfter(settled: number): Promise<number> {
  const folder = new TrackedFolder();
  folder.write('data/a', '1');
  folder.write('data/b', '22');
  const snapshot = await folder.add('data');
  folder.remove('data');
  const { root, store } = folder;
  const index = new StatIndex(folder.path('another-index'));
  const times = { ...realFileTimes, settledBefore: () => settled };
  const storeLinks = new StoreLinks(store, root);
  await checkOut(
    { root, store, trees: store, index, times, storeLinks, links: ['copy'] },
    {
      ...{ path: data, tracked: data, snapshot, force: false, begin: () => undefined },
      ...{ lastPut: undefined, begun: undefined, keepEdits: false },
    },
  );
  return index.folder(bytePath(data)).count;
}

describe('what a checkout wrote', () => {
  test('is remembered, so that the next command need not read it', async () => {
    expect(await rememberedAfter(Number.POSITIVE_INFINITY)).toBe(2);
  });

  test('is not remembered while an edit could leave it the same times', async () => {
    expect(await rememberedAfter(0)).toBe(0);
  });
});
