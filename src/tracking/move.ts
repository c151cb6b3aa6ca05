import { lstatSync, readFileSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncDirectory } from '../base/atomic-file.js';
import { writeFilesAtomic, type WholeFile } from '../base/atomic-files.js';
import { systemErrorCode, userError } from '../base/errors.js';
import { fromRepoPath, type AbsPath, type RepoPath } from '../base/paths.js';
import { shellQuote } from '../base/shell-quote.js';
import type { Breathe } from '../base/with-progress.js';
import { writePoint } from '../base/write-points.js';
import { bytePath } from './byte-path.js';
import { gitignoresWith } from './ignore/gitignore.js';
import type { MoveMarks } from './move-marks.js';
import { correctStoreLinks } from './moved-links.js';
import type { LastPut } from './pointers/last-put.js';
import { pointerPathOf } from './pointers/plain-pointer.js';
import type { StatIndex } from './scan/stat-index.js';
import { stagingOf } from './staging.js';
import type { UnfinishedMove } from './workspace-files.js';
import { removePointerFiles } from './write-pointers.js';

interface MoveContext {
  root: AbsPath;
  /** Git holds the workspace. */
  git: boolean;
  index: StatIndex;
  lastPut: LastPut;
  moves: MoveMarks;
}

interface Options {
  signal?: AbortSignal | undefined;
  breathe: Breathe;
}

/**
 * Moves tracked paths. The new ignore entries and pointers come first and the old ones go last: killed at any point, git sees the
 * data in neither place, at least one pointer names it, and the same call again finishes the work. Throws `path-exists`, with
 * nothing changed, where something stands in both places; `move-refused` where the system does not rename one: those before it are
 * moved then, and the others are as they were.
 */
export async function moveTracked(
  context: MoveContext,
  moves: readonly UnfinishedMove[],
  { signal, breathe }: Options,
): Promise<void> {
  const { root, git, lastPut } = context;
  const targets = moves.map(({ to }) => to);
  const toRename = moves.filter((move) => isToRename(root, move));
  const steps = [
    moves.map((move) => context.moves.toWrite(move)),
    git ? gitignoresWith(root, targets) : [],
    moves.flatMap(({ from, to }) => lastPut.toCopy(from, to) ?? []),
    moves.map(({ from, to }): WholeFile => {
      return { path: pointerFile(root, to), content: readFileSync(pointerFile(root, from)) };
    }),
  ];
  await writeFilesAtomic(steps, { staging: stagingOf(root), signal });
  const failure = await renameAll(context, toRename, breathe);
  const left = new Set(failure?.left);
  await finish(
    context,
    moves.filter((move) => !left.has(move)),
  );
  if (failure === undefined) return;
  await undo(context, failure.left);
  throw refused(failure.error, failure.left[0]!);
}

function pointerFile(root: AbsPath, path: RepoPath): AbsPath {
  return fromRepoPath(root, pointerPathOf(path));
}

/** False if the data was moved already, or there is none. */
function isToRename(root: AbsPath, { from, to }: UnfinishedMove): boolean {
  const [isHere, isThere] = [from, to].map((path) => exists(root, path));
  if (isHere && isThere) throw bothThere(from, to);
  return isHere === true;
}

function exists(root: AbsPath, path: RepoPath): boolean {
  return lstatSync(fromRepoPath(root, path), { throwIfNoEntry: false }) !== undefined;
}

function bothThere(from: RepoPath, to: RepoPath) {
  return userError('path-exists', `${to} exists already, and nothing is overwritten by moving ${from}`, {
    hint: 'Choose another name, or move what is there away first.',
  });
}

/** What the system refused, if anything, and the moves that are left: that one first. */
interface Failure {
  error: unknown;
  left: readonly UnfinishedMove[];
}

async function renameAll(
  { root, index }: MoveContext,
  moves: readonly UnfinishedMove[],
  breathe: Breathe,
): Promise<Failure | undefined> {
  const folders = new Set<string>();
  try {
    for (const [done, { from, to }] of moves.entries()) {
      const [source, target] = [fromRepoPath(root, from), fromRepoPath(root, to)];
      try {
        // Whoever stops here has moved those before it.
        await breathe(done);
        writePoint();
        renameSync(source, target);
      } catch (error) {
        return { error, left: moves.slice(done) };
      }
      for (const folder of [dirname(source), dirname(target)]) folders.add(folder);
      // The files in a folder keep their stat when it is renamed; that of a file itself changes, and it is read again.
      index.moveFolder(bytePath(from), bytePath(to));
    }
    return undefined;
  } finally {
    for (const folder of folders) syncDirectory(folder);
    index.save();
  }
}

async function finish(context: MoveContext, moves: readonly UnfinishedMove[]): Promise<void> {
  for (const { from, to } of moves) {
    correctStoreLinks(context.root, from, to);
    // Before the pointer: a mark that outlived it would speak up again when something else is tracked there.
    context.moves.end(from);
  }
  const sources = moves.map(({ from }) => from);
  await removePointerFiles(context, sources);
  // After the pointer: the call that finishes this one would copy that nothing is remembered.
  for (const from of sources) context.lastPut.remove(from);
}

async function undo(context: MoveContext, moves: readonly UnfinishedMove[]): Promise<void> {
  const targets = moves.map(({ to }) => to);
  await removePointerFiles(context, targets);
  for (const { from, to } of moves) {
    context.lastPut.remove(to);
    context.moves.end(from);
  }
}

/** What a disk answers that is full or broken: no fault of the names. */
const DISK_FAILURES = new Set(['ENOSPC', 'EDQUOT', 'EIO']);

function refused(error: unknown, { from, to }: UnfinishedMove): unknown {
  const code = systemErrorCode(error);
  if (code === undefined || DISK_FAILURES.has(code)) return error;
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
        hint: 'Nothing of it was changed. Correct the rights of both folders and run it again.',
        cause: error,
      });
}
