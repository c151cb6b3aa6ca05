import { dirname, posix } from 'node:path';
import { syncDirectory } from '../base/atomic-file.js';
import { writeFilesAtomic, type WholeFile } from '../base/atomic-files.js';
import { fromRepoPath, type AbsPath, type RepoPath } from '../base/paths.js';
import type { Breathe } from '../base/with-progress.js';
import { writePoint } from '../base/write-points.js';
import type { LocalStore } from '../store/local-store.js';
import { removeAbandonedIn } from './abandoned.js';
import { bytePath } from './byte-path.js';
import { gitignoresWith, gitignoresWithout } from './ignore/gitignore.js';
import { inPortions } from './in-portions.js';
import type { MoveMarks } from './move-marks.js';
import type { LastPut } from './pointers/last-put.js';
import { PointerTraces } from './pointers/pointer-traces.js';
import { isOverwritten, readSoundPointer, refuseTakenPointer } from './pointers/pointer-file.js';
import { keepingSource, pointerPathOf, pointerText } from './pointers/plain-pointer.js';
import type { StatIndex } from './scan/stat-index.js';
import { removeFile } from '../store/temporary.js';
import { stagingOf } from './staging.js';
import { requireStored } from './stored.js';
import type { CallOptions, Lastly, PointedPath } from './workspace-files.js';
import { linksRefused, refuseOwnFolders } from './workspace-place.js';

export interface PointerContext {
  root: AbsPath;
  /** Git holds the workspace. */
  git: boolean;
  store: LocalStore;
  index: StatIndex;
  lastPut: LastPut;
  tidied: Tidied;
}

/** Folders in which nothing is left of commands that were killed before this one began. */
export type Tidied = Set<string>;

interface Options {
  signal?: AbortSignal | undefined;
  breathe: Breathe;
  elsewhere?: boolean;
  lastly?: Lastly | undefined;
}

/** Holds the lock of the workspace while `work` runs. */
type Locked = (work: () => Promise<void>) => Promise<void>;

/**
 * Writes the pointers of some paths: `.gitignore` files first, each once for all that is added to it, then the pointers, then the
 * memory of what was put there. All bytes are flushed together, and each folder once, however many paths there are. A place where
 * no pointer may be is refused before any is written. With `elsewhere` the caller knows that a remote has what they name.
 */
export async function writePointers(
  context: PointerContext,
  pointed: readonly PointedPath[],
  {
    locked,
    elsewhere = false,
    lastly,
    ...options
  }: CallOptions & { locked: Locked; elsewhere?: boolean; lastly?: Lastly },
): Promise<void> {
  const refuseLinksAbove = linksRefused(context.root, { end: false });
  for (const { path } of pointed) {
    refuseOwnFolders(path);
    refuseLinksAbove(path);
    refuseTakenPointer(context.root, path);
  }
  await inPortions('write pointers', pointed, options, (some, breathe) => {
    const isLast = some.at(-1) === pointed.at(-1);
    const how = { signal: options.signal, breathe, elsewhere, lastly: isLast ? lastly : undefined };
    return locked(() => writeSome(context, some, how));
  });
}

/** Removes the pointers of some paths and what is remembered of these; what they pointed to stays. */
export async function removePointers(
  { moves, ...context }: PointerContext & { moves: MoveMarks },
  paths: readonly RepoPath[],
  { locked, ...options }: CallOptions & { locked: Locked },
): Promise<void> {
  await inPortions('remove pointers', paths, options, async (some, breathe) => {
    await locked(async () => {
      moves.giveUp(context.root, new Set(some));
      await removePointerFiles(context, some, { signal: options.signal, breathe });
    });
    for (const path of some) context.lastPut.remove(path);
  });
}

async function writeSome(
  context: PointerContext,
  pointed: readonly PointedPath[],
  { signal, breathe, elsewhere = false, lastly }: Options,
): Promise<void> {
  const { root, git, lastPut, tidied } = context;
  const changed: PointedPath[] = [];
  for (const { path, snapshot: given } of pointed) {
    const before = readSoundPointer(root, path);
    const snapshot = keepingSource(before, given);
    if (!before || pointerText(before) !== pointerText(snapshot)) changed.push({ path, snapshot });
    await breathe(0);
  }
  if (!elsewhere) await requireStored(context, changed, breathe);
  const paths = pointed.map(({ path }) => path);
  removeAbandonedBeside(root, paths, tidied);
  const pointers = changed.map(({ path, snapshot }): WholeFile => {
    return { path: fromRepoPath(root, pointerPathOf(path)), content: pointerText(snapshot) };
  });
  const memory = pointed.flatMap(({ path, snapshot }) => lastPut.toWrite(path, snapshot) ?? []);
  const steps = [git ? gitignoresWith(root, paths) : [], pointers, [...memory, ...(lastly?.files ?? [])]];
  await writeFilesAtomic(steps, {
    staging: stagingOf(root),
    signal,
    beforeLast: lastly?.after,
    breathe: shareOf(steps, pointed.length, breathe),
  });
}

/** Tells of the share of `total` that is done, where several files are written for each. */
function shareOf(steps: readonly (readonly WholeFile[])[], total: number, breathe: Breathe): Breathe {
  const files = Math.max(
    1,
    steps.reduce((sum, step) => sum + step.length, 0),
  );
  return (done) => breathe(Math.floor((done / files) * total));
}

/**
 * Removes the `.gitignore` entries of some paths, then their pointers. In this order, what was killed in between still has a pointer,
 * and doing it again finishes it; the other way round, git and ocrpipe would both pass over the data from then on.
 */
export async function removePointerFiles(
  { root, git }: Pick<PointerContext, 'root' | 'git'>,
  paths: readonly RepoPath[],
  options: Partial<Options> = {},
): Promise<void> {
  const traces = new PointerTraces(root);
  // What somebody wrote over a pointer is not ours to delete; asked before the entries go, by which it is known.
  const pointers = paths.filter((path) => !isOverwritten(root, path, traces));
  const ignores = git ? gitignoresWithout(root, paths) : [];
  await writeFilesAtomic([ignores], { staging: stagingOf(root), ...options });
  const files = pointers.map((path) => fromRepoPath(root, pointerPathOf(path)));
  for (const file of files) {
    writePoint();
    removeFile(file);
  }
  for (const folder of new Set(files.map((file) => dirname(file)))) syncDirectory(folder);
}

/** Removes what killed commands left where the pointers of `paths` are about to be written. */
export function removeAbandonedBeside(root: AbsPath, paths: readonly RepoPath[], tidied: Tidied): void {
  const folders = paths.map((path) => posix.dirname(`${root}/${path}`));
  for (const folder of [stagingOf(root), ...folders]) tidyOnce(folder, tidied);
}

/** Once a folder: what is killed from now on is the next command's to remove. */
export function tidyOnce(folder: string, tidied: Tidied): void {
  if (tidied.size !== tidied.add(folder).size) removeAbandonedIn(bytePath(folder));
}
