import type { AbsPath, RepoPath } from '../../base/paths.js';
import { parsePipeline } from '../definition/definition.js';
import { PIPELINE_FILE } from '../definition/file-names.js';
import { OutputIndex } from '../definition/graph.js';
import type { PipelineHost } from '../host.js';
import { hasPipeline, loadPipeline, readIfThere, type LoadedPipeline } from './load.js';
import { planStages } from './look.js';
import type { Step } from './plan.js';
import type { Reason } from './reason.js';

export type StageState = 'fresh' | 'stale' | 'frozen' | 'never-run';

/** How a stage stands, and why it is not fresh. */
export interface StageStatus {
  readonly name: string;
  readonly state: StageState;
  readonly reasons: readonly Reason[];
}

/** The state of every stage, in the order of the graph; none without a pipeline.yaml. Runs and changes nothing. */
export async function stageStatuses(host: PipelineHost): Promise<StageStatus[]> {
  if (!hasPipeline(host.root)) return [];
  const loaded = loadPipeline(host);
  const planned = await planStages(loaded, loaded.graph.order);
  return planned.map(({ stage, step }) => ({
    name: stage.name,
    state: stateOf(loaded, stage.name, step),
    reasons: step.reasons,
  }));
}

export function stateOf(loaded: LoadedPipeline, name: string, step: Step): StageState {
  if (step.action === 'frozen' || step.action === 'fresh') return step.action;
  return loaded.lock.has(name) ? 'stale' : 'never-run';
}

/** The output that is `path`, holds it or lies below it, and its stage: what `add` must refuse. None without a pipeline.yaml. */
export function outputAt(root: AbsPath, path: RepoPath): { path: RepoPath; stage: string } | undefined {
  const text = readIfThere(root, PIPELINE_FILE);
  if (text === undefined) return undefined;
  const [found] = new OutputIndex(parsePipeline(text).stages.values()).overlapping(path);
  return found;
}
