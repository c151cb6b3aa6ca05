import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncDirectory } from '../base/atomic-file.js';
import { fromRepoPath, type AbsPath, type RepoPath } from '../base/paths.js';
import { writePoint } from '../base/write-points.js';
import { removeFromGitignore } from './ignore/gitignore.js';
import { isOverwritten } from './pointers/pointer-file.js';
import { pointerPathOf } from './pointers/pointer.js';

/**
 * Removes the `.gitignore` entry of a path, then its pointer. In this order, what was killed in between still has a pointer, and
 * doing it again finishes it; the other way round, git and ocrpipe would both pass over the data from then on.
 */
export function removePointerFile({ root, git }: { root: AbsPath; git: boolean }, path: RepoPath): void {
  const file = fromRepoPath(root, pointerPathOf(path));
  // What somebody wrote over it is not ours to delete; asked before the entry goes, by which the pointer is known.
  const keep = isOverwritten(root, path);
  if (git) removeFromGitignore(root, path);
  if (keep) return;
  writePoint();
  rmSync(file, { force: true });
  syncDirectory(dirname(file));
}
