import { writeFileAtomic } from '../../base/atomic-file.js';
import type { Call } from '../../base/call.js';
import { conflictLabels } from '../../base/conflict-markers.js';
import { userError } from '../../base/errors.js';
import { fromRepoPath, type RepoPath } from '../../base/paths.js';
import { readTextIfThere } from '../../base/read-text.js';
import { mergeSides, type UnfinishedMerge } from '../../git/unfinished-merge.js';
import { LOCK_FILE } from '../../pipeline/definition/stage/file-names.js';
import { Workspace } from '../../project/workspace.js';
import type { EntryConflict } from '../../store/merge-trees.js';
import {
  chooseEntries,
  mergePointers,
  type ConflictReason,
  type MergedPointer,
  type PointerMergeHow,
} from '../../tracking/pointers/merge-pointers.js';
import { pointerPathOf, pointerText } from '../../tracking/pointers/plain-pointer.js';
import { entryText, unmergedPointerText } from '../../tracking/pointers/unmerged-pointer.js';
import { stagingOf } from '../../tracking/staging.js';
import { toCommit } from '../to-commit.js';
import { resolveLock, stagesInConflict, type ResolvedStage } from './resolve-lock.js';
import { selectUnmerged, type Choice, type Selection } from './select-unmerged.js';
import { findUnmerged, type HalfDeleted, type UnmergedPointer } from './unmerged.js';

export interface ResolveInput {
  /** As they were typed; none: all that is in conflict. */
  targets: readonly string[];
  /** Without it, what is in conflict is shown, and what merges by itself is merged. */
  choice?: Choice | undefined;
}

/** A pointer that was in conflict. */
export interface ResolvedPointer {
  path: RepoPath;
  /** `merged`: by itself; `chosen`; `open`: something is still to be chosen. */
  state: 'merged' | 'chosen' | 'open';
  /** Why, if it is open. */
  reason?: ConflictReason;
  /** Of files, if those of a directory are in conflict: 'labels/a.txt: changed in both'. */
  files: readonly string[];
  /** The stage that makes it. */
  stage?: string;
}

export interface ResolveResult {
  /** What git is doing, in words of commits; absent without git. */
  merge?: UnfinishedMerge;
  pointers: readonly ResolvedPointer[];
  stages: readonly ResolvedStage[];
  /** Pointers that one side deleted. */
  deleted: readonly HalfDeleted[];
  /** What is to be typed after `git add`. */
  toCommit: readonly string[];
}

/**
 * Resolves what a merge left in conflict in pointers and pipeline.lock. What belongs to one stage is chosen as a whole: its entry of the lock, the
 * pointers of what it made, and the small files of it that git holds. Git is told nothing: `git add` is the user's.
 */
export async function resolve({ targets, choice }: ResolveInput, call: Call): Promise<ResolveResult> {
  const workspace = Workspace.open(call, 'ocrpipe resolve');
  try {
    await workspace.useStore();
    const unmerged = await findUnmerged(workspace);
    const stages = unmerged.lock === undefined ? [] : stagesInConflict(unmerged.lock);
    const selection = selectUnmerged(workspace, { ...unmerged, stages }, targets);
    await fetchAbsent(workspace, unmerged.pointers, call);
    const pointers: ResolvedPointer[] = [];
    const chosenOnly = targets.length > 0;
    for (const pointer of unmerged.pointers) {
      if (chosenOnly && !selection.pointers.has(pointer.path)) continue;
      call.signal.throwIfAborted();
      pointers.push(resolvePointer(workspace, pointer, { selection, choice }));
    }
    const { root, git } = workspace;
    const merge = git && (await mergeSides({ root, workTree: git.workTree }));
    const locked =
      unmerged.lock === undefined
        ? []
        : await resolveLock(workspace, { text: unmerged.lock, selection, choice, merge });
    const done = [
      ...pointers.filter(({ state }) => state !== 'open').map(({ path }) => pointerPathOf(path)),
      ...(locked.length > 0 && locked.every(({ state }) => state !== 'open') ? [LOCK_FILE] : []),
      ...locked.flatMap(({ files }) => files),
    ];
    return {
      ...(merge && { merge }),
      pointers,
      stages: locked.filter(({ name }) => !chosenOnly || selection.stages.has(name)),
      deleted: unmerged.deleted,
      ...(await toCommit({ git, root, cwd: call.cwd }, done)),
    };
  } finally {
    workspace.close();
  }
}

/** True if something is still to be chosen. */
export function isOpen({ pointers, stages, deleted }: ResolveResult): boolean {
  return deleted.length > 0 || [...pointers, ...stages].some(({ state }) => state === 'open');
}

/** Listings that only the remote has come first: without them nothing of a directory can be told. */
async function fetchAbsent(
  workspace: Workspace,
  pointers: readonly UnmergedPointer[],
  call: Call,
): Promise<void> {
  const directories = pointers
    .flatMap(({ sides }) => [sides.base, sides.ours, sides.theirs])
    .filter((each) => each?.kind === 'directory');
  const absent = directories
    .filter((each) => each && !workspace.store.has('tree', each.id))
    .flatMap((each) => each ?? []);
  if (absent.length === 0) return;
  const { fetchTrees } = await import('../fetch-trees.js');
  if (await fetchTrees(absent, call)) workspace.store.refresh();
}

interface How {
  selection: Selection;
  choice: Choice | undefined;
}

function resolvePointer(workspace: Workspace, pointer: UnmergedPointer, how: How): ResolvedPointer {
  const { path, stage } = pointer;
  const writer = workspace.store.writer();
  const merging: PointerMergeHow = {
    reader: workspace.store,
    put: (node) => writer.putTree(node, 'tree'),
    output: stage !== undefined,
  };
  const first = firstMerge(pointer, merging);
  const second = 'merged' in first ? first : chosen(pointer, first.conflict, { ...how, merging });
  writer.finish();
  const before = readTextIfThere(workspace.root, pointerPathOf(path)) ?? '';
  const text =
    'merged' in second
      ? pointerText(second.merged)
      : unmergedPointerText(path, second.conflict, conflictLabels(before));
  const file = fromRepoPath(workspace.root, pointerPathOf(path));
  if (text !== before) {
    writeFileAtomic(file, text, { staging: stagingOf(workspace.root) });
  }
  const from = stage === undefined ? {} : { stage };
  if ('merged' in second) return { path, state: second === first ? 'merged' : 'chosen', files: [], ...from };
  const { reason, entries } = second.conflict;
  return { path, state: 'open', reason, files: entries.map(entryText), ...from };
}

function firstMerge({ sides, isMerged, stage }: UnmergedPointer, how: PointerMergeHow): MergedPointer {
  if (!isMerged || stage !== undefined) return mergePointers(sides, how);
  const directories = [sides.ours, sides.theirs].every(({ kind }) => kind === 'directory');
  if (directories) return chooseEntries(sides, how, () => undefined);
  return mergePointers({ ours: sides.ours, theirs: sides.theirs }, how);
}

function chosen(
  { path }: UnmergedPointer,
  conflict: Extract<MergedPointer, { conflict: unknown }>['conflict'],
  { selection, choice, merging }: How & { merging: PointerMergeHow },
): MergedPointer {
  const parts = selection.pointers.get(path);
  if (choice === undefined || parts === undefined) return { conflict };
  if (conflict.reason === 'entries') {
    const named = namedEntries(path, conflict.entries, parts);
    return chooseEntries(conflict, merging, (entry) => (named(entry) ? choice : undefined));
  }
  // One side as a whole would drop what the other added, unseen; and of what is no directory there is no union.
  return conflict.reason === 'absent' || choice === 'union' ? { conflict } : { merged: conflict[choice] };
}

function namedEntries(
  path: RepoPath,
  entries: readonly EntryConflict[],
  parts: readonly string[] | 'all',
): (entry: EntryConflict) => boolean {
  if (parts === 'all') return () => true;
  const isIn = (entry: EntryConflict, part: string) =>
    entry.path === part || entry.path.startsWith(`${part}/`);
  const unknown = parts.find((part) => !entries.some((entry) => isIn(entry, part)));
  if (unknown !== undefined) {
    throw userError('nothing-unmerged', `'${path}/${unknown}' is in no conflict`, {
      hint: `In conflict are: ${entries.slice(0, 5).map(entryText).join('; ')}.`,
    });
  }
  return (entry) => parts.some((part) => isIn(entry, part));
}
