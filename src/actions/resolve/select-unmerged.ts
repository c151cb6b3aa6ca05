import { userError } from '../../base/errors.js';
import { suggest } from '../../base/nearest.js';
import { isWithin, type RepoPath } from '../../base/paths.js';
import { LOCK_FILE } from '../../pipeline/definition/stage/file-names.js';
import type { Workspace } from '../../project/workspace.js';
import { bytesOfText } from '../../tracking/byte-path.js';
import { pathOfPointer } from '../../tracking/pointers/plain-pointer.js';
import type { Unmerged } from './unmerged.js';

/** What is to stand where both sides changed something; with `union` both versions of a file stay. */
export type Choice = 'ours' | 'theirs' | 'union';

/** What was named: paths with a pointer, as a whole (`undefined`) or files of them, and stages. */
export interface Selection {
  /** By path: the parts of it that are meant (raw bytes), or all of it. */
  pointers: ReadonlyMap<RepoPath, readonly string[] | 'all'>;
  stages: ReadonlySet<string>;
}

/** All that is unmerged, of which something is to be chosen. */
interface Known extends Unmerged {
  /** The stages in conflict. */
  stages: readonly string[];
}

/**
 * What the typed targets mean: stages, tracked paths, files of them, folders above, pipeline.lock; none means all. A stage and what it made belong
 * together: one is never chosen without the other. Throws `nothing-unmerged` (exit code 2) for what is in no conflict.
 */
export function selectUnmerged(workspace: Workspace, known: Known, typed: readonly string[]): Selection {
  const pointers = new Map<RepoPath, readonly string[] | 'all'>();
  const stages = new Set<string>();
  const takeStage = (stage: string): void => {
    stages.add(stage);
    for (const { path, stage: maker } of known.pointers) if (maker === stage) pointers.set(path, 'all');
  };
  const take = (path: RepoPath, part?: string): void => {
    const maker = known.pointers.find((each) => each.path === path)?.stage;
    if (maker !== undefined) {
      takeStage(maker);
      return;
    }
    const before = pointers.get(path) ?? [];
    pointers.set(path, part === undefined || before === 'all' ? 'all' : [...before, part]);
  };
  const all = known.pointers.map(({ path }) => path);
  for (const target of typed.length === 0 ? ['.'] : typed) {
    const path = typed.length === 0 ? ('.' as RepoPath) : workspace.path(target);
    const whole = pathOfPointer(path);
    const within = all.filter((each) => isWithin(each, path) || each === whole);
    const above = all.find((each) => each !== path && isWithin(path, each));
    if (known.stages.includes(target)) takeStage(target);
    else if (path === '.' || path === LOCK_FILE) for (const stage of known.stages) takeStage(stage);
    for (const each of within) take(each);
    if (within.length === 0 && above !== undefined) take(above, bytesOfText(path.slice(above.length + 1)));
    const isNamed = path === '.' || path === LOCK_FILE || known.stages.includes(target);
    if (!isNamed && within.length === 0 && above === undefined) throw nothingUnmerged(target, known);
  }
  return { pointers, stages };
}

function nothingUnmerged(target: string, { pointers, stages }: Known) {
  const names = [...pointers.map(({ path }) => path), ...stages];
  return userError('nothing-unmerged', `'${target}' is in no conflict of a merge that ocrpipe can resolve`, {
    hint:
      names.length === 0
        ? "No pointer, and no stage of pipeline.lock, is in conflict; 'git status' shows what else is."
        : suggest(target, names),
  });
}
