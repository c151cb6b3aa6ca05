import type { AbsPath } from '../../base/paths.js';
import { closure } from '../definition/graph/graph.js';
import type { PipelineHost } from '../host.js';
import { otherResults, type OtherResult } from '../records/several-results.js';
import { Explainer, type ExplainedReason } from './explain.js';
import { loadPipeline, selectStages, targetStages, type LoadedPipeline } from './load.js';
import { planStages, type PlannedStage } from './look.js';
import { stateOf, type StageState } from './stage-status.js';

/** A stage that would not be left as it is, and why. */
export interface StageBefore {
  readonly name: string;
  /** What `repro` would do. */
  readonly action: 'run' | 'restore';
  readonly reasons: readonly ExplainedReason[];
}

export interface Explanation {
  readonly name: string;
  readonly state: StageState;
  /** What `repro` would do. */
  readonly action: 'run' | 'restore' | 'fresh' | 'frozen';
  readonly reasons: readonly ExplainedReason[];
  /** The stages that it depends on and that would not be left as they are, in the order of the graph. */
  readonly upstream: readonly StageBefore[];
  /** There only if runs with the inputs of the lock gave results that differ: the stage is not deterministic. */
  readonly otherResults?: readonly OtherResult[];
}

/** Why a stage (or those that make an output) would run, down to files, parameters and words of the command. Changes nothing. */
export async function explainStages(
  host: PipelineHost,
  target: string,
  cwd: AbsPath,
): Promise<Explanation[]> {
  const loaded = loadPipeline(host);
  const asked = new Set(targetStages(loaded, target, cwd));
  const chosen = selectStages(loaded, { targets: [target], reach: 'upstream', cwd });
  const planned = await planStages(loaded, chosen);
  const explainer = explainerOf(loaded);
  const wanted = planned.filter(({ stage }) => asked.has(stage.name));
  return Promise.all(wanted.map((each) => explainOne(loaded, explainer, { planned, each })));
}

/** Says what the reasons of stages of this pipeline come down to. */
export function explainerOf({ host, lock, pipeline, observer }: LoadedPipeline): Explainer {
  const look = observer.look.bind(observer);
  return new Explainer({ host, lock, stages: pipeline.stages, look });
}

async function explainOne(
  loaded: LoadedPipeline,
  explainer: Explainer,
  { planned, each }: { planned: readonly PlannedStage[]; each: PlannedStage },
): Promise<Explanation> {
  const { stage, step } = each;
  const before = new Set(closure(loaded.graph, [stage.name], 'upstream'));
  const others = planned.filter((other) => other !== each && before.has(other.stage.name));
  const entry = loaded.lock.get(stage.name);
  const results = entry ? otherResults(loaded.host, entry) : [];
  return {
    name: stage.name,
    state: stateOf(loaded, stage.name, step),
    action: step.action,
    reasons: await explainer.explain(stage.name, step.reasons),
    upstream: (await Promise.all(others.map((other) => stageBefore(explainer, other)))).flat(),
    ...(results.length > 0 && { otherResults: results }),
  };
}

async function stageBefore(explainer: Explainer, { stage, step }: PlannedStage): Promise<StageBefore[]> {
  const { action } = step;
  if (action !== 'run' && action !== 'restore') return [];
  return [{ name: stage.name, action, reasons: await explainer.explain(stage.name, step.reasons) }];
}
