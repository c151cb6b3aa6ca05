import { statSync } from 'node:fs';
import { fromRepoPath } from '../../base/paths.js';
import { shellQuote } from '../../base/shell-quote.js';
import { closure } from '../definition/graph/graph.js';
import { problemsError, type Problem } from '../definition/problems/problems.js';
import type { Stage } from '../definition/stage/stage.js';
import type { StageInputs } from '../records/signature.js';
import { dependencyName, isPart } from '../definition/dependencies/dependency-part.js';
import { hostProblems } from './host-problems.js';
import { emptyDependencies, emptyDependency } from './empty-dependencies.js';
import { paramProblems } from './param-problems.js';
import { secretProblems } from './secrets.js';
import { dependencyProblems, type LoadedPipeline } from './load.js';
import type { PlannedStage } from './look.js';
import { knownInputs } from './plan.js';
import type { StageNow } from './staleness.js';
import { editedProblems, unsettledProblems, type Unsettled } from './tracked-inputs.js';

/** What repro is asked to do, as far as it decides what is refused. */
export interface Wanted {
  readonly chosen: readonly string[];
  /** Stages whose outputs may be lost. */
  readonly forced: ReadonlySet<string>;
  /** Of the chosen stages. */
  readonly unsettled: readonly Unsettled[];
}

/** What repro refuses before its first stage, for a look that changes nothing. Throws what a parameter is refused with. */
export async function refusals(loaded: LoadedPipeline, wanted: Wanted): Promise<Problem[]> {
  const mistakes = await mistakesIn(loaded, wanted.chosen);
  if (mistakes.length > 0) return mistakes;
  return [...(await secretProblems(loaded, wanted)), ...(await filesInTheWay(loaded, wanted))];
}

/** What the chosen stages cannot be run with, whatever stands in the workspace. Throws what a parameter is refused with. */
export async function mistakesIn(loaded: LoadedPipeline, chosen: readonly string[]): Promise<Problem[]> {
  const stages = chosen.map((name) => loaded.pipeline.stages.get(name)!);
  const problems = [
    ...dependencyProblems(loaded, chosen),
    ...hostProblems(loaded.host, loaded.pipeline, stages),
    // A parameter that is missing or not canonical is met here, not when its stage comes up hours later.
    ...paramProblems(loaded, stages),
  ];
  if (problems.length > 0) return problems;
  await Promise.all(stages.map((stage) => loaded.observer.urlsOf(stage)));
  const empty = await emptyDependencies(loaded, stages);
  if (empty.length > 0) return empty;
  return gitProblems(loaded, stages);
}

/** Data that cannot be brought to what its pointers ask for, and outputs that a run would overwrite though they were edited. */
export async function filesInTheWay(
  loaded: LoadedPipeline,
  { chosen, forced, unsettled }: Wanted,
): Promise<Problem[]> {
  const { host, pipeline, observer, lock } = loaded;
  const overwritten = chosen
    .map((name) => pipeline.stages.get(name)!)
    .filter((stage) => !stage.frozen && !forced.has(stage.name));
  const edited = overwritten.map(async (stage) => {
    const now = { name: stage.name, outs: await observer.outputsOf(stage) };
    return editedProblems(host, now, lock.get(stage.name));
  });
  return [...unsettledProblems(host, pipeline, unsettled), ...(await Promise.all(edited)).flat()];
}

/**
 * What planned runs would be refused with when their turn comes, by stage: a dependency that nothing before it makes, a
 * folder to run in that is not there.
 */
export async function plannedFailures(
  loaded: LoadedPipeline,
  planned: readonly PlannedStage[],
): Promise<Map<string, Problem>> {
  const running = planned.filter(({ step }) => step.action === 'run');
  const names = new Set(running.map(({ stage }) => stage.name));
  const failures = new Map<string, Problem>();
  for (const { stage, step } of running) {
    const lacks = step.reasons.some(({ kind }) => kind === 'dep-missing');
    const absent = lacks
      ? missingInput(await loaded.observer.stage(stage), { pending: 'may-come' })
      : undefined;
    const folder = missingFolder(loaded, stage);
    // A stage that runs before it may make the folder.
    const before = folder ? closure(loaded.graph, [stage.name], 'upstream') : [];
    const mayCome = before.some((name) => name !== stage.name && names.has(name));
    const problem = absent ?? (mayCome ? undefined : folder);
    if (problem) failures.set(stage.name, problem);
  }
  return failures;
}

/** Throws `missing-dependency` for a dependency that is not there. */
export function requireInputs(now: StageNow): StageInputs {
  const inputs = knownInputs(now);
  if (inputs) return inputs;
  throw problemsError([missingInput(now, { pending: 'is-missing' }) ?? notAsked(now)]);
}

function notAsked({ name, urls = [] }: StageNow): Problem {
  const { url } = urls.find(({ version }) => version === undefined)!;
  return {
    code: 'url-not-asked',
    message: `which version of ${url} there is, which stage '${name}' depends on, was not asked`,
    hint: `A frozen stage asks nothing: 'ocrpipe unfreeze ${name}'.`,
  };
}

function missingInput(
  now: StageNow,
  { pending }: { pending: 'may-come' | 'is-missing' },
): Problem | undefined {
  const dep = now.deps.find(
    ({ state }) => state === 'missing' || (state === 'pending' && pending === 'is-missing'),
  );
  if (dep === undefined) return undefined;
  const maker = dep.state === 'missing' ? dep.maker : undefined;
  if (isPart(dep) && maker === undefined) return emptyDependency(dep, now.name);
  return {
    code: 'missing-dependency',
    message: `'${dependencyName(dep)}', which stage '${now.name}' needs, is not there`,
    hint:
      maker === undefined
        ? 'Put it there, or correct the path.'
        : `Stage '${maker}' should have made it: run it, or correct its outputs.`,
  };
}

/** Throws `missing-folder` if the folder that a stage runs in is not there. */
export function requireFolder(loaded: LoadedPipeline, stage: Stage): void {
  const problem = missingFolder(loaded, stage);
  if (problem) throw problemsError([problem]);
}

function missingFolder({ host, pipeline }: LoadedPipeline, stage: Stage): Problem | undefined {
  const folder = statSync(fromRepoPath(host.root, stage.wdir), { throwIfNoEntry: false });
  if (folder?.isDirectory()) return undefined;
  return {
    code: 'missing-folder',
    message: `the folder '${stage.wdir}' of stage '${stage.name}' is not there`,
    hint: 'Make it, or correct wdir.',
    location: pipeline.locate(['stages', stage.name, 'wdir']),
  };
}

/** A new cached output gets an entry in .gitignore, which does nothing for a path that git already holds. */
async function gitProblems(
  { host, pipeline, pointers }: LoadedPipeline,
  stages: readonly Stage[],
): Promise<Problem[]> {
  const tracked = new Set(pointers);
  const unseen = stages.flatMap((stage) => stage.outs).filter((out) => out.cache && !tracked.has(out.path));
  if (unseen.length === 0) return [];
  const held = await host.inGit(unseen.map((out) => out.path));
  return unseen
    .filter((out) => held.some((path) => path === out.path || path.startsWith(`${out.path}/`)))
    .map((out) => ({
      code: 'output-in-git',
      message: `'${out.path}' is an output that the store shall hold, but git already holds it`,
      hint: `Take it out of git: 'git rm -r --cached ${shellQuote(out.path)}', or leave it to git with {path: ${out.path}, cache: false}.`,
      location: pipeline.locate(out.at),
    }));
}
