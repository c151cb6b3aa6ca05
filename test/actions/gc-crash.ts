import { expect } from 'vitest';
import { fsck } from '../../src/actions/fsck.js';
import { GcFolder } from './gc-folder.js';

const kept = ['one', 'two', 'three'];

/**
 * A store with everything that a collection meets: what nothing needs any more, small packs, one half of which is not needed,
 * trash that is old and trash that is not, and what is needed only in the trash. Returns the versions that are still wanted.
 */
export async function prepared(): Promise<{ folder: GcFolder; wanted: Map<string, string> }> {
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
export async function expectAll(folder: GcFolder, wanted: ReadonlyMap<string, string>): Promise<void> {
  expect(await fsck({}, folder.call)).toMatchObject({ damaged: [], missing: [], leftovers: { unknown: [] } });
  for (const [path, pointer] of wanted) {
    expect(folder.read(`${path}.ocr`)).toBe(pointer);
    folder.remove(path);
  }
  await folder.checkout();
  for (const name of kept) expect(folder.read(`${name}/file`)).toBe(`content of ${name}`);
  expect(folder.read('data/a')).toBe('older');
}

/** Nothing is left to be done, and of large blobs the same are there as after a collection that nobody killed. */
export async function expectFinished(folder: GcFolder, like: GcFolder, now: boolean): Promise<void> {
  expect(await folder.gc({ dryRun: true, now })).toMatchObject({
    condemned: { objects: 0 },
    deleted: { objects: 0 },
    rescued: 0,
  });
  expect(folder.files('objects')).toEqual(like.files('objects'));
  if (now) expect(folder.files('trash')).toEqual([]);
}
