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
 * ones. Only what a run of the stage made from these inputs becomes a run record. Waits for whoever runs one of them. Throws
 * `missing-dependency`, `output-not-made`, or `missing-data` where a checkout or pull of an output did not end.
 */
export async function commitStages(
  host: PipelineHost,
  names: readonly string[] | undefined,
): Promise<CommittedStage[]> {
  const committed = new Map<string, CommittedStage>();
  for (;;) {
    const busy = await host.exclusively('repro', () => commitNow(host, names, committed));
    if (busy === undefined) return [...committed.values()];
    // Whoever runs it may need the lock that is held above; afterwards everything is looked at anew.
    await host.withStage(busy, () => Promise.resolve());
  }
}

/** Commits those that are not in `committed` yet and adds them there. A stage that somebody else runs, or ran meanwhile, ends it. */
async function commitNow(
  host: PipelineHost,
  names: readonly string[] | undefined,
  committed: Map<string, CommittedStage>,
): Promise<string | undefined> {
  const loaded = loadPipeline(host);
  const { order } = loaded.graph;
  const chosen = names === undefined ? order : order.filter((name) => names.includes(name));
  if (names !== undefined) throwProblems(dependencyProblems(loaded, chosen));
  const left = chosen.filter((name) => !committed.has(name));
  const busy = left.find((name) => host.isStageTaken(name));
  if (busy !== undefined) return busy;
  for (const name of left) {
    const stage = loaded.pipeline.stages.get(name)!;
    const changed = await host.withStage(name, async () => {
      if (loaded.locks.isOutdated()) return true;
      const done = await commitOne(loaded, stage, names !== undefined);
      if (done) committed.set(name, done);
      return false;
    });
    if (changed) return name;
  }
  return undefined;
}

/** Undefined if there is nothing to record of it. */
async function commitOne(
  loaded: LoadedPipeline,
  stage: Stage,
  isNamed: boolean,
): Promise<CommittedStage | undefined> {
  const { host, observer, marks } = loaded;
  const { name } = stage;
  const now = await observer.stage(stage);
  const { action, reasons } = await planOne(loaded, stage, {});
  const fresh = action === 'fresh';
  if (fresh && !now.outs.some(isLost)) return undefined;
  if (!fresh && !isNamed && !hasNewOutputs(loaded, now, reasons)) return undefined;
  refuseUnknownRest(host, now, stage);
  const inputs = requireInputs(now);
  const madeByStage = marks.finishedOn(name) === signatureOf(inputs) && now.outs.every(isLeft);
  const outs = await recordResult(recordingOf(loaded), stage, { inputs, madeByStage });
  marks.clear(name);
  return { name, outs };
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
