import { rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { AbsPath } from '../../src/base/paths.js';
import { LocalStore } from '../../src/store/local-store.js';
import { walkTree } from '../../src/store/tree-reader.js';
import { crashesOf, pointsMet, twiceEach } from '../rig/crashes.js';
import { expectAll, expectFinished, prepared } from './gc-crash.js';
import { GcFolder } from './gc-folder.js';

/** Modules that change the store in a collection. */
const MODULES = ['store/trash.ts', 'store/gc/carry-out.ts'];

describe('gc that is killed at any of its writes', { timeout: 120_000 }, () => {
  test.each([false, true])('loses nothing, and the next one finishes the work (--now: %s)', async (now) => {
    const { folder, wanted } = await prepared();
    const crashes = await crashesOf(folder.root, () => folder.gc({ now }), twiceEach());
    await expectAll(folder, wanted);
    expect(crashes.length).toBeGreaterThan(10);
    for (const { site, root } of crashes) {
      const killed = new GcFolder(root as AbsPath);
      try {
        await killed.gc({ now });
        await expectFinished(killed, folder, now);
        await expectAll(killed, wanted);
      } catch (error) {
        throw new Error(`killed at ${site}`, { cause: error });
      }
      rmSync(root, { recursive: true });
    }
    for (const { met, there } of pointsMet(MODULES, crashes)) expect(met).toBe(there);
  });

  test('takes no file away before the directory that names it', async () => {
    const folder = GcFolder.withoutGit();
    for (const content of ['first', 'second', 'third', 'fourth']) await folder.put(content);
    const crashes = await crashesOf(folder.root, () => folder.gc());
    expect(folder.files('trash').some((name) => name.includes('/objects/'))).toBe(true);
    expect(folder.files('trash').filter((name) => name.endsWith('.pack')).length).toBe(6);
    const left = crashes.flatMap(({ root }) => [...hollowDirectories(new GcFolder(root as AbsPath))]);
    expect(left).toEqual([]);
  });

  test('leaves everything readable without another collection', async () => {
    const { folder, wanted } = await prepared();
    const crashes = await crashesOf(folder.root, () => folder.gc(), twiceEach());
    for (const { root } of crashes) {
      await expectAll(new GcFolder(root as AbsPath), wanted);
      rmSync(root, { recursive: true });
    }
  });
});

/** Directories in the store, not in its trash, that name a file which is not there. */
function* hollowDirectories(folder: GcFolder): Generator<string> {
  folder.remove('.ocrstore/trash');
  const store = LocalStore.inspect(folder.path('.ocrstore'));
  for (const table of store.packs())
    for (const { kind, id } of table.entries()) {
      if (kind !== 'tree') continue;
      for (const { entry } of walkTree({ reader: store, id }))
        if (entry.kind === 'file' && !store.has('blob', entry.id)) yield id;
    }
  store.close();
}
