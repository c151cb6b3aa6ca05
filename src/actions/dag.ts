import { realpathSync } from 'node:fs';
import type { Call } from '../base/call.js';
import { absPath } from '../base/paths.js';
import { outputDag, stageDag, type Dag } from '../pipeline/definition/dag.js';
import { loadPipeline, selectStages } from '../pipeline/staleness/load.js';
import { pipelineHost } from '../project/pipeline-host.js';
import { Workspace } from '../project/workspace.js';

export interface DagInput {
  /** Stages or outputs, each with all that it needs; none: the whole pipeline. */
  targets: readonly string[];
  /** Outputs and what they are made from, instead of stages. */
  outs: boolean;
}

/** The graph of the pipeline. */
export function dag(input: DagInput, call: Call): Dag {
  const workspace = Workspace.open(call, 'ocrpipe dag');
  try {
    const loaded = loadPipeline(pipelineHost(workspace));
    const cwd = absPath(realpathSync(call.cwd));
    const chosen = selectStages(loaded, { targets: input.targets, reach: 'upstream', cwd });
    if (input.outs) return outputDag(loaded.pipeline, chosen);
    const made = new Set(
      chosen.flatMap((name) => loaded.pipeline.stages.get(name)!.outs.map((out) => out.path)),
    );
    const tracked = workspace.files.trackedPaths().filter((path) => !made.has(path));
    return stageDag(loaded, chosen, tracked);
  } finally {
    workspace.close();
  }
}
