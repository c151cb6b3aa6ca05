import { join } from 'node:path';
import { suggest } from '../../base/nearest.js';
import type { PipelineHost } from '../host.js';
import { removeAbandonedIn } from '../../tracking/abandoned.js';
import { bytePath } from '../../tracking/byte-path.js';
import { closure } from '../definition/graph.js';
import { requireDependencies, type LoadedPipeline } from '../staleness/load.js';
import type { PlannedStage } from '../staleness/look.js';
import { throwProblems, type Problem } from '../definition/problems.js';
import { poolsOf } from '../definition/resources.js';
import { requireFolder } from './run-stage.js';
import { editedPaths } from '../staleness/staleness.js';
import type { Pipeline, Stage } from '../definition/stage.js';
import {
  editedOutput,
  settleInputs,
  unsettledInputs,
  unsettledProblems,
} from '../staleness/tracked-inputs.js';

/**
 * What comes before the first stage: everything that can be refused is refused while nothing has changed yet; then tracked
 * data is brought to the state that its pointers ask for.
 */
export async function preflight(
  loaded: LoadedPipeline,
  chosen: readonly string[],
  forced: ReadonlySet<string>,
): Promise<void> {
  const { host, pipeline, observer } = loaded;
  const stages = chosen.map((name) => pipeline.stages.get(name)!);
  await refuseMistakes(loaded, chosen);
  await endOrphans(loaded, chosen);
  removeLeftovers(loaded, stages);
  const unsettled = await unsettledInputs(host, pipeline, chosen);
  const edited = await editedOutputs(
    loaded,
    stages.filter((stage) => !forced.has(stage.name)),
  );
  throwProblems([...unsettledProblems(host, pipeline, unsettled), ...edited]);
  await settleInputs(host, unsettled);
  observer.changed(unsettled.map(({ path }) => path));
}

/** Refuses what the chosen stages cannot be run with; changes nothing. */
export async function refuseMistakes(loaded: LoadedPipeline, chosen: readonly string[]): Promise<void> {
  const { host, pipeline, observer } = loaded;
  const stages = chosen.map((name) => pipeline.stages.get(name)!);
  requireDependencies(loaded, chosen);
  throwProblems(poolProblems(host, pipeline, stages));
  // A parameter that is missing or not canonical is met here, not when its stage comes up hours later.
  for (const stage of stages) observer.writtenParamsOf(stage);
  throwProblems(await gitProblems(host, pipeline, stages));
}

/** Refuses a plan with a stage that would run in a folder which is not there, and which no stage before it could make. */
export function refuseMissingFolders(loaded: LoadedPipeline, planned: readonly PlannedStage[]): void {
  const running = planned.filter(({ step }) => step.action === 'run').map(({ stage }) => stage);
  const names = new Set(running.map(({ name }) => name));
  for (const stage of running) {
    const before = closure(loaded.graph, [stage.name], 'upstream').filter((name) => name !== stage.name);
    if (!before.some((name) => names.has(name))) requireFolder(loaded, stage);
  }
}

function poolProblems(host: PipelineHost, pipeline: Pipeline, stages: readonly Stage[]): Problem[] {
  const wanted = stages.some((stage) => Object.keys(stage.resources).length > 0);
  const pools = wanted ? Object.keys(poolsOf(host)) : [];
  return stages.flatMap((stage) =>
    Object.keys(stage.resources)
      .filter((pool) => !pools.includes(pool))
      .map((pool) => ({
        code: 'unknown-resource',
        message: `stage '${stage.name}' asks for '${pool}', of which there is no pool`,
        hint: `${suggest(pool, pools)} Others are declared under 'pools' in .ocrstore/config.yaml.`,
        location: pipeline.locate(['stages', stage.name, 'resources', pool], { key: true }),
      })),
  );
}

/** A new cached output gets an entry in .gitignore, which does nothing for a path that git already holds. */
async function gitProblems(
  host: PipelineHost,
  pipeline: Pipeline,
  stages: readonly Stage[],
): Promise<Problem[]> {
  const tracked = new Set(host.files.trackedPaths());
  const unseen = stages.flatMap((stage) => stage.outs).filter((out) => out.cache && !tracked.has(out.path));
  if (unseen.length === 0) return [];
  const held = await host.inGit(unseen.map((out) => out.path));
  return unseen
    .filter((out) => held.some((path) => path === out.path || path.startsWith(`${out.path}/`)))
    .map((out) => ({
      code: 'output-in-git',
      message: `'${out.path}' is an output that the store shall hold, but git already holds it`,
      hint: `Take it out of git: 'git rm -r --cached ${out.path}', or leave it to git with {path: ${out.path}, cache: false}.`,
      location: pipeline.locate(out.at),
    }));
}

/** A killed repro may have left commands that still write into the outputs. */
async function endOrphans({ host, marks }: LoadedPipeline, chosen: readonly string[]): Promise<void> {
  for (const name of chosen) {
    if (!marks.has(name) || !(await marks.endOrphans(name))) continue;
    const message = `${name}: ended what an earlier repro had left running`;
    host.events({ type: 'note', level: 'warning', code: 'orphan-ended', message });
  }
}

/** Temporary files of a killed repro, wherever one writes. */
function removeLeftovers({ host, marks }: LoadedPipeline, stages: readonly Stage[]): void {
  const unfinished = stages.filter((stage) => marks.has(stage.name)).flatMap((stage) => stage.outs);
  const folders = new Set([
    host.root,
    marks.folder,
    ...unfinished.map((out) => join(host.root, out.path, '..')),
  ]);
  for (const folder of folders) removeAbandonedIn(bytePath(folder));
}

async function editedOutputs(
  { observer, lock }: LoadedPipeline,
  stages: readonly Stage[],
): Promise<Problem[]> {
  const judged = stages.filter((stage) => !stage.frozen);
  const problems = await Promise.all(
    judged.map(async (stage) => {
      const outs = await observer.outputsOf(stage);
      return editedPaths(outs, lock.get(stage.name)).map((path) => editedOutput(path, stage.name));
    }),
  );
  return problems.flat();
}
