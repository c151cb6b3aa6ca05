import { OcrpipeError } from '../base/errors.js';
import type { RepoPath } from '../base/paths.js';
import { StageNames } from '../pipeline/definition/stage/stage-names.js';
import type { LockFile } from '../pipeline/records/lock-file.js';
import type { Workspace } from '../project/workspace.js';
import { lockOf } from './remote-targets.js';
import { selectTracked } from './select-tracked.js';

/**
 * The tracked paths that typed targets mean: the outputs of a stage that has run, of a group of instances or of a pattern of stages; else
 * what `selectTracked` says. `named` are those that stand for themselves.
 */
export function checkoutTargets(
  workspace: Workspace,
  tracked: readonly RepoPath[],
  typed: readonly string[],
): { paths: readonly RepoPath[]; named: ReadonlySet<RepoPath> } {
  if (typed.length === 0) return { paths: tracked, named: new Set() };
  const lock = readableLock(workspace);
  const names = new StageNames([...lock.keys()]);
  const known = new Set(tracked);
  const chosen = typed.flatMap((target) => {
    const stages = names.named(target, workspace.path('.'));
    if (stages === undefined) return [workspace.path(target)];
    const outs = stages.flatMap((stage) => lock.get(stage)!.outs.map(({ path }) => path));
    return outs.filter((path) => known.has(path));
  });
  const paths = chosen.length === 0 ? [] : selectTracked(tracked, chosen, names.nameable);
  return { paths, named: new Set(chosen) };
}

/** A lock with the markers of a merge names no stages, and is in no path's way. */
function readableLock(workspace: Workspace): LockFile {
  try {
    return lockOf(workspace);
  } catch (error) {
    if (error instanceof OcrpipeError) return new Map();
    throw error;
  }
}
