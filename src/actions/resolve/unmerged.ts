import { conflictLine } from '../../base/conflict-markers.js';
import { OcrpipeError } from '../../base/errors.js';
import type { RepoPath } from '../../base/paths.js';
import { readTextIfThere } from '../../base/read-text.js';
import { unmergedFiles, type UnmergedFile } from '../../git/unfinished-merge.js';
import { LOCK_FILE } from '../../pipeline/definition/stage/file-names.js';
import { lockedOutputs } from '../../pipeline/records/merge-locks.js';
import type { Workspace } from '../../project/workspace.js';
import type { PointerSides } from '../../tracking/pointers/merge-pointers.js';
import { pathOfPointer, pointerPathOf, sameSnapshot } from '../../tracking/pointers/plain-pointer.js';
import { parsePointer } from '../../tracking/pointers/pointer.js';
import { readUnmerged } from '../../tracking/pointers/read-unmerged.js';
import type { Snapshot } from '../../tracking/workspace-files.js';

/** A pointer that a merge left unresolved. */
export interface UnmergedPointer {
  path: RepoPath;
  sides: PointerSides;
  /** Both sides hold all that merged by itself already: what differs is to be chosen. */
  isMerged: boolean;
  /** The stage that makes it. */
  stage?: string;
}

/** A pointer that one side deleted and the other changed: git's to settle. */
export interface HalfDeleted {
  path: RepoPath;
  deletedBy: 'ours' | 'theirs';
}

/** What a merge left unresolved of ocrpipe's files. */
export interface Unmerged {
  pointers: readonly UnmergedPointer[];
  deleted: readonly HalfDeleted[];
  /** The text of pipeline.lock, if there are markers in it. */
  lock?: string;
}

/** Looks for the markers of a merge in pointers and pipeline.lock, and for what git's index has as unmerged. Without git, for the markers. */
export async function findUnmerged(workspace: Workspace): Promise<Unmerged> {
  const { root, git } = workspace;
  const files = git ? await unmergedFiles({ root, workTree: git.workTree }) : [];
  const byPath = new Map(files.map((file) => [file.path, file]));
  const lock = readTextIfThere(root, LOCK_FILE) ?? '';
  const stages = lockedOutputs(lock);
  const pointers: UnmergedPointer[] = [];
  for (const path of workspace.files.trackedPaths()) {
    const text = readTextIfThere(root, pointerPathOf(path)) ?? '';
    if (conflictLine(text) === undefined) continue;
    const stage = stages.get(path);
    const found = await unmergedPointer(workspace, { path, text, file: byPath.get(pointerPathOf(path)) });
    if (found) pointers.push({ ...found, ...(stage !== undefined && { stage }) });
  }
  return {
    pointers,
    deleted: files.flatMap(halfDeleted),
    ...(conflictLine(lock) !== undefined && { lock }),
  };
}

/** Git's versions tell what it merged as text from what was merged file by file, and have the base of it. */
async function unmergedPointer(
  { git }: Workspace,
  { path, text, file }: { path: RepoPath; text: string; file: UnmergedFile | undefined },
): Promise<UnmergedPointer | undefined> {
  const marked = readOrNothing(() => readUnmerged(text, path));
  const held = file && git ? await heldSides(git, file) : undefined;
  if (marked === undefined) return held && { path, sides: held, isMerged: false };
  const isRaw = held && sameSnapshot(held.ours, marked.ours) && sameSnapshot(held.theirs, marked.theirs);
  return { path, sides: isRaw ? held : { ...marked, base: held?.base }, isMerged: isRaw !== true };
}

async function heldSides(
  git: NonNullable<Workspace['git']>,
  { path, base, ours, theirs }: UnmergedFile,
): Promise<PointerSides | undefined> {
  if (!ours || !theirs) return undefined;
  const texts = (await git.read([ours, theirs, ...(base ? [base] : [])])).map((bytes) =>
    bytes.toString('utf8'),
  );
  const read = (text: string | undefined): Snapshot | undefined =>
    text === undefined ? undefined : readOrNothing(() => parsePointer(text, path));
  const [left, right, old] = [read(texts[0]), read(texts[1]), read(texts[2])];
  return left && right && { ours: left, theirs: right, base: old };
}

function halfDeleted({ path: file, ours, theirs }: UnmergedFile): HalfDeleted[] {
  const path = pathOfPointer(file);
  if (path === undefined || (ours && theirs)) return [];
  return [{ path, deletedBy: ours ? 'theirs' : 'ours' }];
}

function readOrNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof OcrpipeError) return undefined;
    throw error;
  }
}
