import { existsSync } from 'node:fs';
import { fromRepoPath, type RepoPath } from '../../base/paths.js';
import { shellQuote } from '../../base/shell-quote.js';
import { PathIndex } from '../../tracking/path-index.js';
import { pointerPathOf } from '../../tracking/pointers/plain-pointer.js';
import { OutputIndex, withParents } from '../definition/graph/graph.js';
import type { Problem } from '../definition/problems/problems.js';
import type { Pipeline } from '../definition/stage/stage.js';
import type { PipelineHost } from '../host.js';
import type { LoadedPipeline } from './load.js';

type Loaded = Pick<LoadedPipeline, 'host' | 'pipeline' | 'pointers'>;

/** A dependency that is only on this machine. */
interface Unheld {
  readonly path: RepoPath;
  readonly stage: string;
}

/**
 * Dependencies that git ignores and nothing tracks, as after `git rm` of a pointer: everything still works here, and fails
 * for everybody else. Worth a warning, no refusal: who ignores a file may mean it. Code: `dependency-not-tracked`.
 */
export async function unheldDependencies(loaded: Loaded, chosen: readonly string[]): Promise<Problem[]> {
  const { host, pipeline } = loaded;
  const deps = unprovided(loaded, chosen);
  if (deps.length === 0) return [];
  const asked = [...new Set(deps.flatMap(({ path }) => withParents(path)))];
  const ignored = new Set(await host.ignoredByGit(asked));
  const problems = deps.map(async (dep): Promise<Problem[]> => {
    // The whole that is ignored, of which the stage may read a part.
    const whole = withParents(dep.path).findLast((path) => ignored.has(path));
    return whole === undefined ? [] : [await problem(host, pipeline, { ...dep, whole })];
  });
  return (await Promise.all(problems)).flat();
}

/** What is there, no stage makes and no pointer names, each path once. */
function unprovided({ host, pipeline, pointers }: Loaded, chosen: readonly string[]): Unheld[] {
  const outputs = new OutputIndex(pipeline.stages.values());
  const tracked = new PathIndex(pointers);
  const found = new Map<RepoPath, Unheld>();
  for (const stage of chosen) {
    for (const { path, part } of pipeline.stages.get(stage)!.deps) {
      // What git holds is held; of the whole workspace nothing can be said.
      if (part?.kind === 'git' || path === '.') continue;
      if (found.has(path) || tracked.has(path) || tracked.overlapping(path) !== undefined) continue;
      if (outputs.overlapping(path).length > 0) continue;
      if (existsSync(fromRepoPath(host.root, path))) found.set(path, { path, stage });
    }
  }
  return [...found.values()];
}

async function problem(
  host: PipelineHost,
  pipeline: Pipeline,
  { path, stage, whole }: Unheld & { whole: RepoPath },
): Promise<Problem> {
  const restore = await restoringPointer(host, path);
  const dep = pipeline.stages.get(stage)!.deps.find((each) => each.path === path)!;
  return {
    code: 'dependency-not-tracked',
    message: `'${path}', which stage '${stage}' reads, is ignored by git and has no pointer: it is on this machine only`,
    hint:
      restore === undefined
        ? `Track it with 'ocrpipe add ${shellQuote(whole)}', or let git have it: 'git check-ignore -v ${shellQuote(path)}' names the rule.`
        : `Its pointer was deleted: '${restore}' brings it back.`,
    location: pipeline.locate(dep.at),
  };
}

/** The command that brings the nearest deleted pointer back; undefined if git never had one. */
async function restoringPointer(host: PipelineHost, path: RepoPath): Promise<string | undefined> {
  for (const pointer of withParents(path).map(pointerPathOf)) {
    const revision = await host.lastInGit(pointer);
    if (revision !== undefined) return `git checkout ${revision} -- ${shellQuote(pointer)}`;
  }
  return undefined;
}
