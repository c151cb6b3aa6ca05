import { rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fsck } from '../../src/actions/fsck.js';
import type { AbsPath } from '../../src/base/paths.js';
import { LocalStore } from '../../src/store/local-store.js';
import { walkTree } from '../../src/store/tree-reader.js';
import { crashesOf, pointsMet, twiceEach } from '../rig/crashes.js';
import { GcFolder } from './gc-folder.js';

/** Modules that change the store in a collection. */
const MODULES = ['store/trash.ts', 'store/gc/carry-out.ts'];

const kept = ['one', 'two', 'three'];

/**
 * A store with everything that a collection meets: what nothing needs any more, small packs, one half of which is not needed,
 * trash that is old and trash that is not, and what is needed only in the trash. Returns the versions that are still wanted.
 */
async function prepared(): Promise<{ folder: GcFolder; wanted: Map<string, string> }> {
  const folder = GcFolder.withoutGit();
  await folder.put('old');
  await folder.put('older');
  const pointer = folder.read('data.ocr');
  await folder.put('new');
  await folder.gc();
  folder.age(30);
  folder.write('data.ocr', pointer);
  for (const name of kept) {
    folder.write(`${name}/file`, `content of ${name}`);
    folder.write(`${name}/more`, 'dropped'.repeat(20));
    await folder.add(name);
    folder.remove(`${name}/more`);
    await folder.add(name);
  }
  folder.write('gone', 'nothing needs this');
  await folder.add('gone');
  folder.remove('gone');
  folder.remove('gone.ocr');
  const wanted = new Map([...kept, 'data'].map((path) => [path, folder.read(`${path}.ocr`)]));
  return { folder, wanted };
}

/** All that the pointers name can be had from the store alone, and nothing in it is damaged. */
async function expectAll(folder: GcFolder, wanted: ReadonlyMap<string, string>): Promise<void> {
  expect(await fsck({}, folder.call)).toMatchObject({ damaged: [], missing: [], leftovers: { unknown: [] } });
  for (const [path, pointer] of wanted) {
    expect(folder.read(`${path}.ocr`)).toBe(pointer);
    folder.remove(path);
  }
  await folder.checkout();
  for (const name of kept) expect(folder.read(`${name}/file`)).toBe(`content of ${name}`);
  expect(folder.read('data/a')).toBe('older');
}

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

/** Nothing is left to be done, and of large blobs the same are there as after a collection that nobody killed. */
async function expectFinished(folder: GcFolder, like: GcFolder, now: boolean): Promise<void> {
  expect(await folder.gc({ dryRun: true, now })).toMatchObject({
    condemned: { objects: 0 },
    deleted: { objects: 0 },
    rescued: 0,
  });
  expect(folder.files('objects')).toEqual(like.files('objects'));
  if (now) expect(folder.files('trash')).toEqual([]);
}
