import { statSync } from 'node:fs';
import { join } from 'node:path';
import { syncDirectory } from '../base/atomic-file.js';
import { FOLDERS } from './format.js';
import { namesIn } from './temporary.js';

/** File systems write names down by themselves after so long at the latest, with much to spare. Milliseconds. */
const WRITTEN_DOWN_MS = 5 * 60 * 1000;

/**
 * Flushes the names that the folders of a store got lately. Whoever stores an object flushes its name, but a moment after it is
 * seen by others, and not at all if it is killed just then: who relies on what others stored, by naming it in a pointer, flushes
 * the name first, or a power cut could leave the pointer and take the object. Costs a `stat` a folder where nothing is new.
 */
export function flushRecentNames(root: string): void {
  const objects = join(root, FOLDERS.objects);
  const folders = [
    join(root, FOLDERS.packs),
    objects,
    ...namesIn(objects).map((name) => join(objects, name)),
  ];
  const since = Date.now() - WRITTEN_DOWN_MS;
  for (const folder of folders) {
    const stat = statSync(folder, { throwIfNoEntry: false });
    if (stat !== undefined && stat.mtimeMs > since) syncDirectory(folder);
  }
}
