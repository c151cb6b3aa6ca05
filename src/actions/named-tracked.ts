import { userError } from '../base/errors.js';
import { suggest } from '../base/nearest.js';
import { isWithin, type RepoPath } from '../base/paths.js';
import { shellQuote } from '../base/shell-quote.js';
import type { OutputIndex } from '../pipeline/definition/graph/graph.js';
import { outputsIn } from '../pipeline/definition/read/output-at.js';
import type { Workspace } from '../project/workspace.js';
import { PathIndex } from '../tracking/path-index.js';
import { pathOfPointer } from '../tracking/pointers/plain-pointer.js';

/** What a command does with a path, for its refusals. */
export interface Doing {
  /** 'ocrpipe rm'. */
  command: string;
  /** What to do instead to a path that is only a part of a tracked one: "delete it". */
  part: (path: string) => string;
  /** What git calls the same. */
  git: string;
}

/** Where paths are looked for: all that is tracked is found once for all that was typed. */
export interface Searched {
  workspace: Workspace;
  tracked: readonly RepoPath[];
  index: PathIndex;
  outputs: OutputIndex;
}

export function searchedIn(workspace: Workspace): Searched {
  const tracked = workspace.files.trackedPaths();
  return { workspace, tracked, index: new PathIndex(tracked), outputs: outputsIn(workspace.root) };
}

/**
 * The tracked paths that a typed one names: itself, by its own name or its pointer's, or all that are below it. Throws
 * `not-tracked`, with the way out, for a part of one and for what git or nobody holds; `stage-output` for what a stage makes.
 */
export async function namedTracked(
  { workspace, tracked, index, outputs }: Searched,
  path: RepoPath,
  doing: Doing,
): Promise<RepoPath[]> {
  const pointed = pathOfPointer(path);
  const own = [path, ...(pointed === undefined ? [] : [pointed])].find((each) => index.has(each));
  const found = own === undefined ? tracked.filter((each) => isWithin(each, path)) : [own];
  refuseOutputs(outputs, found.length === 0 ? [path] : found, doing);
  if (found.length > 0) return found;
  const holder = index.holderOf(path);
  if (holder !== undefined) throw partOf(path, holder, doing);
  const held = (await workspace.git?.tracked([path])) ?? [];
  throw userError('not-tracked', `${path} is not tracked`, {
    hint:
      held.length > 0
        ? `Git holds it: '${doing.git} ${shellQuote(path)}'.`
        : tracked.length === 0
          ? 'Nothing is tracked here.'
          : suggest(path, tracked),
  });
}

function partOf(path: RepoPath, holder: RepoPath, { part }: Doing) {
  return userError('not-tracked', `${path} is not tracked by itself: it belongs to ${holder}`, {
    hint: `${part(shellQuote(path))}, then record that with 'ocrpipe add ${shellQuote(holder)}'.`,
  });
}

function refuseOutputs(outputs: OutputIndex, paths: readonly RepoPath[], { command }: Doing): void {
  for (const path of paths) {
    const [output] = outputs.overlapping(path);
    if (output === undefined) continue;
    const what = output.path === path ? 'is' : 'holds, or lies in,';
    throw userError('stage-output', `${path} ${what} the output ${output.path} of stage '${output.stage}'`, {
      hint: `Its pointer comes and goes with the stage: change 'outs' of '${output.stage}' in pipeline.yaml first, then run '${command}' again.`,
    });
  }
}
