import { existsSync } from 'node:fs';
import { writeFileAtomic } from '../../base/atomic-file.js';
import { conflictLabels } from '../../base/conflict-markers.js';
import { conflictSides } from '../../base/conflict-sides.js';
import { contentIdOf } from '../../base/content-id.js';
import { userError } from '../../base/errors.js';
import { fromRepoPath, type RepoPath } from '../../base/paths.js';
import { readRegularFile } from '../../base/regular-file.js';
import type { UnfinishedMerge } from '../../git/unfinished-merge.js';
import { LOCK_FILE } from '../../pipeline/definition/stage/file-names.js';
import { parseLockFile, type LockedOutput } from '../../pipeline/records/lock-file.js';
import { chooseLocked, differingStages } from '../../pipeline/records/merge-locks.js';
import type { Workspace } from '../../project/workspace.js';
import { pointerPathOf } from '../../tracking/pointers/plain-pointer.js';
import { stagingOf } from '../../tracking/staging.js';
import type { Choice, Selection } from './select-unmerged.js';

/** A stage that both sides ran. */
export interface ResolvedStage {
  name: string;
  state: 'chosen' | 'open';
  /** Files of it that git holds and that were brought to the chosen side. */
  files: readonly RepoPath[];
  /** Files of it that are not as the chosen side made them, and could not be found. */
  missing: readonly RepoPath[];
}

/** The stages in conflict in a text of pipeline.lock with markers. Throws `conflict-markers` where it cannot be told. */
export function stagesInConflict(text: string): string[] {
  const sides = conflictSides(text);
  const stages = sides && differingStages(sides);
  if (stages) return stages;
  throw userError(
    'conflict-markers',
    `${LOCK_FILE} holds markers of a merge in other places than between stages`,
    {
      location: { file: LOCK_FILE },
      hint: `Take one side as a whole: 'git checkout --ours -- ${LOCK_FILE}', or '--theirs', then 'git add ${LOCK_FILE}'.`,
    },
  );
}

interface LockMerge {
  text: string;
  selection: Selection;
  choice: Choice | undefined;
  merge: UnfinishedMerge | undefined;
}

/** Takes the chosen side's entry of each selected stage, and its small outputs with it. The lock is written last. */
export async function resolveLock(workspace: Workspace, how: LockMerge): Promise<ResolvedStage[]> {
  const { text, selection, choice } = how;
  const sides = conflictSides(text)!;
  // A run is one side's: of two there is no union.
  const side = choice === 'union' ? undefined : choice;
  const chosen = chooseLocked(
    sides,
    (stage) => (side && selection.stages.has(stage) ? side : 'open'),
    conflictLabels(text),
  )!;
  const resolved: ResolvedStage[] = [];
  for (const name of stagesInConflict(text)) {
    if (side === undefined || chosen.conflicts.includes(name)) {
      resolved.push({ name, state: 'open', files: [], missing: [] });
      continue;
    }
    const outs = parseLockFile(sides[side]).get(name)?.outs ?? [];
    const { files, missing } = await bringSmallOutputs(workspace, outs, how.merge?.[side].commit);
    resolved.push({ name, state: 'chosen', files, missing });
  }
  if (chosen.text !== text) {
    writeFileAtomic(fromRepoPath(workspace.root, LOCK_FILE), chosen.text, {
      staging: stagingOf(workspace.root),
    });
  }
  return resolved;
}

/** Files without a pointer, as metrics are: from the store, or from the commit of the side. What is written is what the lock names. */
async function bringSmallOutputs(
  workspace: Workspace,
  outs: readonly LockedOutput[],
  commit: NonNullable<UnfinishedMerge['ours']['commit']> | undefined,
): Promise<{ files: RepoPath[]; missing: RepoPath[] }> {
  const [files, missing]: [RepoPath[], RepoPath[]] = [[], []];
  for (const { path, id, kind } of outs) {
    if (kind !== 'file' || existsSync(fromRepoPath(workspace.root, pointerPathOf(path)))) continue;
    const file = fromRepoPath(workspace.root, path);
    if (existsSync(file) && contentIdOf(readRegularFile(file)) === id) {
      files.push(path);
      continue;
    }
    const held = commit && (await workspace.git?.readAt(commit, path));
    const bytes = workspace.store.has('blob', id) ? workspace.store.read('blob', id) : held;
    if (bytes === undefined || contentIdOf(bytes) !== id) missing.push(path);
    else {
      writeFileAtomic(file, bytes, { staging: stagingOf(workspace.root) });
      files.push(path);
    }
  }
  return { files, missing };
}
