import type { PipelineHost } from './host.js';
import { loadPipeline, requireDependencies } from './load.js';
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
 * Records what stands in the workspace as the result of these stages (all, if none is named) without running them; stages
 * that are fresh, and those of an unnamed selection that lack an output, are left alone. Waits for a running repro. Throws
 * `missing-dependency` or `output-not-made`.
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
      const complete = now.outs.every((out) => out.there) && now.deps.every((dep) => dep.state === 'known');
      if (names === undefined && !complete) continue;
      if ((await planOne(loaded, stage, {})).action === 'fresh') continue;
      const outs = await recordResult(recordingOf(loaded), stage, requireInputs(now));
      marks.clear(name);
      committed.push({ name, outs });
    }
    return committed;
  });
}
