import { OcrpipeError } from '../../base/errors.js';
import type { PipelineHost } from '../host.js';
import { earlierOutputs, fetchEarlierOutputs } from '../records/earlier-runs.js';
import type { StageInputs } from '../records/signature.js';
import { planStage, type Step } from './plan.js';
import type { LoadedPipeline } from './load.js';
import type { Stage } from '../definition/stage/stage.js';
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
  /** True: the result of an earlier run is brought from a remote, if the host may. */
  readonly fetch?: boolean;
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
  const { host } = loaded;
  const entry = loaded.lock.get(stage.name);
  const now = await loaded.observer.stage(stage);
  const use = { entry, records: options.runCache ?? true, unusable: options.unusable ?? new Set<string>() };
  const wanted: { inputs?: StageInputs; recorded: boolean } = { recorded: false };
  const decide = (): Step =>
    planStage({
      now,
      entry,
      frozen: stage.frozen,
      always: stage.always,
      forced: options.forced?.has(stage.name) ?? false,
      earlier: (inputs, recorded) => {
        Object.assign(wanted, { inputs, recorded });
        return earlierOutputs(host, inputs, { ...use, recorded });
      },
    });
  const step = decide();
  const { inputs, recorded } = wanted;
  if (step.action !== 'run' || options.fetch !== true || !inputs) return step;
  const came = await bringResults(host, () => fetchEarlierOutputs(host, inputs, { ...use, recorded }));
  return came ? decide() : step;
}

/** Brings results, as `work` says; a remote that cannot be asked is a warning, and keeps no stage from running. */
export async function bringResults(host: PipelineHost, work: () => Promise<boolean>): Promise<boolean> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof OcrpipeError) || host.signal.aborted) throw error;
    const message = `no earlier result could be brought (${error.message})`;
    host.events({ type: 'note', level: 'warning', code: 'result-not-brought', message });
    return false;
  }
}
