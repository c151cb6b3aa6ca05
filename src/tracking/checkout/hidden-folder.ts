import { writeFileSync } from 'node:fs';
import { fsPath, joinBytes, type BytePath } from '../byte-path.js';
import type { ShortPaths } from './short-paths.js';
import { makeFolder } from './write-files.js';

/**
 * Makes a folder with a temporary name in `folder`, in which git sees nothing: what a killed command leaves there is never committed.
 * It stands where its files will, and not in `.ocrstore/tmp`, so that they get the group and the access list that new files get there,
 * and so that a rename takes them to their names whatever is mounted where.
 */
export function makeHiddenFolder(folder: BytePath, paths: ShortPaths): BytePath {
  const hidden = paths.beside(joinBytes(folder, 'x'));
  makeFolder(hidden);
  // The rule leaves out its own file as well.
  writeFileSync(fsPath(joinBytes(hidden, '.gitignore')), '*\n');
  return hidden;
}
