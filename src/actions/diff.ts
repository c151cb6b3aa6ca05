import { posix } from 'node:path';
import type { Call } from '../base/call.js';
import type { ContentId } from '../base/content-id.js';
import { OcrpipeError, userError } from '../base/errors.js';
import type { RepoPath } from '../base/paths.js';
import { idOf, pairRenames, type RenamedFile } from '../project/renames.js';
import { changesBetween, type DirectoryChange } from '../project/stored-directory.js';
import { trackedAt, trackedNow, type TrackedSnapshot, type TrackedState } from '../project/tracked-state.js';
import { Workspace } from '../project/workspace.js';
import type { TreeEntry } from '../store/tree-format.js';
import type { TreeRef } from '../store/tree-reader.js';
import { sameSnapshot } from '../tracking/pointers/plain-pointer.js';

export interface DiffInput {
  /** A commit; the last one if not given. */
  from?: string | undefined;
  /** A commit; the workspace if not given. */
  to?: string | undefined;
}

/** `old` and `new` are content ids. */
export interface ChangedFile {
  path: string;
  old?: ContentId;
  new?: ContentId;
}

export interface DiffResult {
  added: readonly ChangedFile[];
  modified: readonly ChangedFile[];
  deleted: readonly ChangedFile[];
  renamed: readonly RenamedFile[];
  /** Folders that differ and whose files are not known here: `pull` or `fetch` tells them. */
  unknown: readonly ChangedFile[];
}

/** What differs between two commits, or a commit and the workspace, file by file in every tracked path. */
export async function diff(input: DiffInput, call: Call): Promise<DiffResult> {
  const workspace = Workspace.open(call, 'ocrpipe diff');
  try {
    const before = await stateAt(workspace, input.from ?? 'HEAD');
    const after =
      input.to === undefined ? await trackedNow(workspace, call) : await stateAt(workspace, input.to);
    const changes = compare(before ?? NOTHING, after ?? NOTHING);
    // Where nothing was committed yet, nothing is old; what pointers name and is gone was deleted all the same.
    const added = before === undefined && input.to === undefined;
    return added ? withDeleted(changes, compare(pointedTo(workspace), after ?? NOTHING)) : changes;
  } finally {
    workspace.close();
  }
}

const NOTHING: TrackedState = new Map();

/** Every deletion, renames less the new name included: that is among the added. */
function withDeleted(changes: DiffResult, { deleted, renamed }: DiffResult): DiffResult {
  const gone = renamed.map(({ from, old }): ChangedFile => ({ path: from, old }));
  return { ...changes, deleted: [...deleted, ...gone].sort((a, b) => (a.path < b.path ? -1 : 1)) };
}

function pointedTo({ files, store }: Workspace): TrackedState {
  return new Map(files.pointers().map(({ path, snapshot }) => [path, { snapshot, reader: store }]));
}

/** Undefined for `HEAD` before the first commit. */
async function stateAt(workspace: Workspace, revision: string): Promise<TrackedState | undefined> {
  const { git } = workspace;
  if (git === undefined) {
    throw userError('not-in-git', 'this workspace is not in git, so there are no commits to compare', {
      hint: "'ocrpipe status' compares pointers and files.",
    });
  }
  if (revision === 'HEAD' && (await git.currentCommit()) === undefined) return undefined;
  return trackedAt(workspace, await git.resolve(revision));
}

interface Collected {
  changes: DirectoryChange[];
  unknown: ChangedFile[];
}

/** The differences between two states of a workspace. */
function compare(before: TrackedState, after: TrackedState): DiffResult {
  const found: Collected = { changes: [], unknown: [] };
  for (const path of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    comparePath(path, { old: before.get(path), now: after.get(path) }, found);
  }
  return { ...sortOut(found.changes), unknown: found.unknown };
}

function comparePath(
  path: RepoPath,
  { old, now }: { old: TrackedSnapshot | undefined; now: TrackedSnapshot | undefined },
  found: Collected,
): void {
  if (sameSnapshot(old?.snapshot, now?.snapshot)) return;
  const [left, right] = [directoryOf(old), directoryOf(now)];
  const known = left !== 'absent' && right !== 'absent';
  const inside = known ? changesOrUnknown(left, right) : undefined;
  if (inside === undefined) {
    found.unknown.push({ path, ...(old && { old: old.snapshot.id }), ...(now && { new: now.snapshot.id }) });
    return;
  }
  const [oldFile, newFile] = [fileOf(path, old), fileOf(path, now)];
  if (oldFile || newFile) {
    const change = !oldFile ? 'added' : !newFile ? 'deleted' : 'modified';
    found.changes.push({ path, change, ...(oldFile && { old: oldFile }), ...(newFile && { new: newFile }) });
  }
  found.changes.push(...inside.map((change) => ({ ...change, path: `${path}/${change.path}` })));
}

/** The changes inside a directory; undefined if listings of it are not in the store. */
function changesOrUnknown(
  before: TreeRef | undefined,
  after: TreeRef | undefined,
): DirectoryChange[] | undefined {
  try {
    return changesBetween(before, after);
  } catch (error) {
    if (error instanceof OcrpipeError && error.code === 'object-missing') return undefined;
    throw error;
  }
}

/** The tree of a directory; `absent` if it is one whose nodes the store lacks. */
function directoryOf(tracked: TrackedSnapshot | undefined): TreeRef | 'absent' | undefined {
  if (tracked?.snapshot.kind !== 'directory') return undefined;
  const { reader, snapshot } = tracked;
  return reader.has('tree', snapshot.id) ? { reader, id: snapshot.id } : 'absent';
}

function fileOf(path: RepoPath, tracked: TrackedSnapshot | undefined): TreeEntry | undefined {
  if (tracked?.snapshot.kind !== 'file') return undefined;
  const { id, size, executable = false } = tracked.snapshot;
  return { kind: 'file', name: posix.basename(path) as TreeEntry['name'], id, size, executable };
}

/** Splits changes by kind; a deleted file whose bytes were added elsewhere was renamed. */
function sortOut(changes: readonly DirectoryChange[]): Omit<DiffResult, 'unknown'> {
  const added = changes.filter(({ change }) => change === 'added');
  const deleted = changes.filter(({ change }) => change === 'deleted');
  const renamed = pairRenames(deleted, added);
  const movedFrom = new Set(renamed.map(({ from }) => from));
  const movedTo = new Set(renamed.map(({ path }) => path));
  return {
    added: added.filter(({ path }) => !movedTo.has(path)).map(toChanged),
    modified: changes.filter(({ change }) => change === 'modified').map(toChanged),
    deleted: deleted.filter(({ path }) => !movedFrom.has(path)).map(toChanged),
    renamed,
  };
}

function toChanged({ path, old, new: now }: DirectoryChange): ChangedFile {
  const [before, after] = [idOf(old), idOf(now)];
  return { path, ...(before && { old: before }), ...(after && { new: after }) };
}
