import type { PipelineHost } from './host.js';
import { loadPipeline, requireDependencies, type LoadedPipeline } from './load.js';
import type { Reason } from './reason.js';
import type { StageNow } from './staleness.js';
import { requireInputs, recordingOf } from './run-stage.js';
import { recordResult } from './record-result.js';
import { planOne } from './look.js';
import type { LockedPath } from './signature.js';

/** What was recorded of one stage. */
export interface CommittedStage {
  readonly name: string;
  readonly outs: readonly LockedPath[];
}

/**
 * Records what stands in the workspace as the result of these stages without running them; fresh ones are left alone. None
 * named: those whose outputs were edited by hand or come from a run that was not recorded, and no other: what a stage made
 * from other inputs is not its result for the present ones. Waits for a running repro. Throws `missing-dependency` or
 * `output-not-made`.
 */
export async function commitStages(
  host: PipelineHost,
  names: readonly string[] | undefined,
): Promise<CommittedStage[]> {
  return host.exclusively('repro', async () => {
    const loaded = loadPipeline(host);
    const { graph, pipeline, observer, marks } = loaded;
    const chosen = names === undefined ? graph.order : graph.order.filter((name) => names.includes(name));
    if (names !== undefined) requireDependencies(loaded, chosen);
    const committed: CommittedStage[] = [];
    for (const name of chosen) {
      const stage = pipeline.stages.get(name)!;
      const now = await observer.stage(stage);
      const { action, reasons } = await planOne(loaded, stage, {});
      if (action === 'fresh' || (names === undefined && !hasNewOutputs(loaded, now, reasons))) continue;
      const outs = await recordResult(recordingOf(loaded), stage, requireInputs(now));
      marks.clear(name);
      committed.push({ name, outs });
    }
    return committed;
  });
}

/** All that the stage needs and makes is there, and it is not what was recorded. */
function hasNewOutputs({ marks }: LoadedPipeline, now: StageNow, reasons: readonly Reason[]): boolean {
  const complete = now.outs.every((out) => out.there) && now.deps.every((dep) => dep.state === 'known');
  const edited = reasons.some(({ kind }) => kind === 'output-changed');
  return complete && (edited || marks.isFinished(now.name));
}
