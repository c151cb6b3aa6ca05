import { earlierOutputs } from '../records/earlier-runs.js';
import { planStage, type Step } from './plan.js';
import type { LoadedPipeline } from './load.js';
import type { Stage } from '../definition/stage.js';
import { expectedInputs, unsettledInputs, type Unsettled } from './tracked-inputs.js';

/** One stage and what would be done with it. */
export interface PlannedStage {
  readonly stage: Stage;
  readonly step: Step;
}

export interface LookOptions {
  /** The unsettled inputs of the stages, where they were looked at already. */
  readonly unsettled?: readonly Unsettled[];
  /** Stages that run whatever their state is. */
  readonly forced?: ReadonlySet<string>;
  /** False: nothing is restored from run records. */
  readonly runCache?: boolean;
  /** Results (by `resultKey`) that were found not to be restorable. */
  readonly unusable?: ReadonlySet<string>;
}

/**
 * What `repro` of these stages would do, in the order of the graph, and why. Changes nothing. A stage behind one that would
 * run has the reason `upstream`: whether it runs is known only then.
 */
export async function planStages(
  loaded: LoadedPipeline,
  names: readonly string[],
  options: LookOptions = {},
): Promise<PlannedStage[]> {
  const { host, pipeline, observer } = loaded;
  const unsettled = options.unsettled ?? (await unsettledInputs(loaded, names));
  for (const each of expectedInputs(unsettled)) observer.expect(each);
  const planned: PlannedStage[] = [];
  for (const name of names) {
    host.signal.throwIfAborted();
    const stage = pipeline.stages.get(name)!;
    const step = await planOne(loaded, stage, options);
    for (const out of stage.outs) {
      if (step.action === 'run') observer.expect({ path: out.path, snapshot: undefined, from: name });
      if (step.action !== 'restore') continue;
      const { path, ...snapshot } = step.result.find((made) => made.path === out.path)!;
      observer.expect({ path, snapshot, from: name });
    }
    planned.push({ stage, step });
  }
  return planned;
}

/** The decision for one stage as it stands now. */
export async function planOne(loaded: LoadedPipeline, stage: Stage, options: LookOptions): Promise<Step> {
  const entry = loaded.lock.get(stage.name);
  return planStage({
    now: await loaded.observer.stage(stage),
    entry,
    frozen: stage.frozen,
    always: stage.always,
    forced: options.forced?.has(stage.name) ?? false,
    earlier: (inputs, recorded) =>
      earlierOutputs(loaded.host, inputs, {
        entry,
        recorded,
        records: options.runCache ?? true,
        unusable: options.unusable ?? new Set(),
      }),
  });
}
