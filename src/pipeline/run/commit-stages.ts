import type { Stage } from '../definition/stage/stage.js';
import { throwProblems } from '../definition/problems/problems.js';
import type { PipelineHost } from '../host.js';
import { dependencyProblems, loadPipeline, type LoadedPipeline } from '../staleness/load.js';
import type { Reason } from '../staleness/reason.js';
import { inputReasons, isOutputRestUnknown, type OutputNow, type StageNow } from '../staleness/staleness.js';
import { requireInputs } from '../staleness/refusals.js';
import { notAllHere } from '../staleness/tracked-inputs.js';
import { recordingOf } from './run-stage.js';
import { recordResult } from './record-result.js';
import { planOne } from '../staleness/look.js';
import { knownInputs } from '../staleness/plan.js';
import { signatureOf, type LockedPath } from '../records/signature.js';

/** What was recorded of one stage. */
export interface CommittedStage {
  readonly name: string;
  readonly outs: readonly LockedPath[];
}

/**
 * Records what stands in the workspace as the result of these stages without running them; fresh ones are left alone, but
 * for outputs whose bytes the store has lost: they are stored anew. None named: those whose outputs were edited by hand or
 * come from a run that was not recorded, and no other: what a stage made from other inputs is not its result for the present
 * ones. Only what a run of the stage made from these inputs becomes a run record. Waits for a running repro. Throws
 * `missing-dependency`, `output-not-made`, or `missing-data` where a checkout or pull of an output did not end.
 */
export async function commitStages(
  host: PipelineHost,
  names: readonly string[] | undefined,
): Promise<CommittedStage[]> {
  return host.exclusively('repro', async () => {
    const loaded = loadPipeline(host);
    const { graph, pipeline, observer, marks } = loaded;
    const chosen = names === undefined ? graph.order : graph.order.filter((name) => names.includes(name));
    if (names !== undefined) throwProblems(dependencyProblems(loaded, chosen));
    const committed: CommittedStage[] = [];
    for (const name of chosen) {
      const stage = pipeline.stages.get(name)!;
      const now = await observer.stage(stage);
      const { action, reasons } = await planOne(loaded, stage, {});
      const fresh = action === 'fresh';
      if (fresh && !now.outs.some(isLost)) continue;
      if (!fresh && names === undefined && !hasNewOutputs(loaded, now, reasons)) continue;
      refuseUnknownRest(host, now, stage);
      const inputs = requireInputs(now);
      const madeByStage = marks.finishedOn(name) === signatureOf(inputs) && now.outs.every(isLeft);
      const outs = await recordResult(recordingOf(loaded), stage, { inputs, madeByStage });
      marks.clear(name);
      committed.push({ name, outs });
    }
    return committed;
  });
}

/** What a checkout that did not end left, old files beside new ones, is no result. */
function refuseUnknownRest(host: PipelineHost, { name, outs }: StageNow, { frozen }: Stage): void {
  throwProblems(
    outs.flatMap((out) => {
      const { output, state, pointer } = out;
      if (pointer === undefined || !isOutputRestUnknown(out)) return [];
      const edited = state !== 'pointer-moved';
      return [notAllHere(host, { path: output.path, pointer, edited, maker: name, frozen })];
    }),
  );
}

function isLost(out: OutputNow): boolean {
  return out.there !== undefined && !out.stored();
}

function isLeft(out: OutputNow): boolean {
  return out.leftover === true;
}

/**
 * All that the stage needs and makes is there, its outputs are not what was recorded, and its inputs are those that they were
 * made from.
 */
function hasNewOutputs({ lock, marks }: LoadedPipeline, now: StageNow, reasons: readonly Reason[]): boolean {
  const inputs = knownInputs(now);
  if (!inputs || !now.outs.every((out) => out.there)) return false;
  const edited = reasons.some(({ kind }) => kind === 'output-changed');
  const finished = marks.finishedOn(now.name);
  if (finished !== undefined) return finished === signatureOf(inputs) && (edited || now.outs.every(isLeft));
  return edited && inputReasons(now, lock.get(now.name)).length === 0;
}
