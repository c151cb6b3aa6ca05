import { lstatSync, readFileSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncDirectory, writeFileAtomic } from '../base/atomic-file.js';
import { systemErrorCode, userError } from '../base/errors.js';
import { fromRepoPath, type AbsPath, type RepoPath } from '../base/paths.js';
import { shellQuote } from '../base/shell-quote.js';
import { writePoint } from '../base/write-points.js';
import { bytePath } from './byte-path.js';
import { addToGitignore } from './ignore/gitignore.js';
import type { MoveMarks } from './move-marks.js';
import { correctStoreLinks } from './moved-links.js';
import type { LastPut } from './pointers/last-put.js';
import { pointerPathOf } from './pointers/pointer.js';
import { removePointerFile } from './remove-pointer.js';
import type { StatIndex } from './scan/stat-index.js';
import { stagingOf } from './staging.js';

interface MoveContext {
  root: AbsPath;
  /** Git holds the workspace. */
  git: boolean;
  index: StatIndex;
  lastPut: LastPut;
  moves: MoveMarks;
}

/**
 * Moves a tracked path. The new ignore entry and pointer come first and the old ones go last: killed at any point, git sees the
 * data in neither place, at least one pointer names it, and the same call again finishes the work. Throws `path-exists`, with
 * nothing changed, where something stands in both places; `move-refused` where the system does not rename it.
 */
export function moveTracked(context: MoveContext, from: RepoPath, to: RepoPath): void {
  const { root, git, lastPut, moves } = context;
  const [isHere, isThere] = [from, to].map((path) => exists(root, path));
  if (isHere && isThere) throw bothThere(from, to);
  moves.begin({ from, to });
  if (git) addToGitignore(root, to);
  lastPut.copy(from, to);
  writeFileAtomic(pointerFile(root, to), readFileSync(pointerFile(root, from)), { staging: stagingOf(root) });
  if (isHere) renameData(context, from, to);
  correctStoreLinks(root, from, to);
  // Before the pointer: a mark that outlived it would speak up again when something else is tracked there.
  moves.end(from);
  removePointerFile(context, from);
  // After the pointer: the call that finishes this one would copy that nothing is remembered.
  lastPut.remove(from);
}

function pointerFile(root: AbsPath, path: RepoPath): AbsPath {
  return fromRepoPath(root, pointerPathOf(path));
}

function exists(root: AbsPath, path: RepoPath): boolean {
  return lstatSync(fromRepoPath(root, path), { throwIfNoEntry: false }) !== undefined;
}

function bothThere(from: RepoPath, to: RepoPath) {
  return userError('path-exists', `${to} exists already, and nothing is overwritten by moving ${from}`, {
    hint: 'Choose another name, or move what is there away first.',
  });
}

function renameData(context: MoveContext, from: RepoPath, to: RepoPath): void {
  const { root, index, lastPut, moves } = context;
  const [source, target] = [fromRepoPath(root, from), fromRepoPath(root, to)];
  writePoint();
  try {
    renameSync(source, target);
  } catch (error) {
    removePointerFile(context, to);
    lastPut.remove(to);
    moves.end(from);
    throw refused(error, from, to);
  }
  for (const folder of new Set([dirname(source), dirname(target)])) syncDirectory(folder);
  // The files in a folder keep their stat when it is renamed; that of a file itself changes, and it is read again.
  index.moveFolder(bytePath(from), bytePath(to));
  index.save();
}

function refused(error: unknown, from: RepoPath, to: RepoPath): unknown {
  const code = systemErrorCode(error);
  if (code === undefined) return error;
  if (code === 'EBUSY')
    return userError('move-refused', `${from} cannot be moved to ${to}: something is mounted there`, {
      hint: "Nothing was changed. Unmount it ('umount'), and run it again.",
      cause: error,
    });
  const words = [from, to].map(shellQuote).join(' ');
  return code === 'EXDEV'
    ? userError('move-refused', `${from} and ${to} are on different file systems`, {
        hint: `Move the files by 'mv ${words}', then run 'ocrpipe mv ${words}' for the rest.`,
        cause: error,
      })
    : userError('move-refused', `${from} cannot be moved to ${to}: ${(error as Error).message}`, {
        hint: 'Nothing was changed. Correct the rights of both folders and run it again.',
        cause: error,
      });
}
