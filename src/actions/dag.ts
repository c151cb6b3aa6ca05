import { realpathSync } from 'node:fs';
import type { Call } from '../base/call.js';
import { OcrpipeError } from '../base/errors.js';
import { absPath, type RepoPath } from '../base/paths.js';
import { collapseGroups } from '../pipeline/definition/graph/dag-groups.js';
import {
  outputDag,
  stageDag,
  withStates,
  type Dag,
  type NodeState,
} from '../pipeline/definition/graph/dag.js';
import { OutputIndex } from '../pipeline/definition/graph/graph.js';
import { loadPipeline, selectStages, type LoadedPipeline } from '../pipeline/staleness/load.js';
import { pipelineStatus } from '../pipeline/staleness/stage-status.js';
import { pipelineHost } from '../project/pipeline-host.js';
import { Workspace } from '../project/workspace.js';

export interface DagInput {
  /** Stages or outputs, each with all that it needs; none: the whole pipeline. */
  targets: readonly string[];
  /** Outputs and what they are made from, instead of stages. */
  outs: boolean;
  /** Each stage of a `foreach` or `matrix` by itself. */
  expand: boolean;
  /** How each stage stands is looked at. */
  status: boolean;
}

/** The graph of the pipeline. */
export async function dag(input: DagInput, call: Call): Promise<Dag> {
  const workspace = Workspace.open(call, 'ocrpipe dag');
  try {
    const loaded = loadPipeline(pipelineHost(workspace));
    const cwd = absPath(realpathSync(call.cwd));
    const chosen = selectStages(loaded, { targets: input.targets, reach: 'upstream', cwd });
    const drawn = input.outs ? outputDag(loaded.pipeline, chosen) : stagesOf(workspace, loaded, chosen);
    const shown = input.outs || input.expand ? drawn : collapseGroups(drawn, loaded.pipeline);
    if (!input.status) return shown;
    const outputs = new OutputIndex(loaded.pipeline.stages.values());
    return withStates(shown, await statesOf(workspace), (path) => outputs.makerOf(path as RepoPath));
  } finally {
    workspace.close();
  }
}

function stagesOf(workspace: Workspace, loaded: LoadedPipeline, chosen: readonly string[]): Dag {
  const made = new Set(
    chosen.flatMap((name) => loaded.pipeline.stages.get(name)!.outs.map((out) => out.path)),
  );
  const tracked = workspace.files.trackedPaths().filter((path) => !made.has(path));
  return stageDag(loaded, chosen, tracked);
}

/** The graph is drawn also where something keeps the stages from being looked at. */
async function statesOf(workspace: Workspace): Promise<Map<string, NodeState>> {
  try {
    const { stages } = await pipelineStatus(pipelineHost(workspace));
    return new Map(stages.map(({ name, state }) => [name, state]));
  } catch (error) {
    if (!(error instanceof OcrpipeError) || workspace.signal.aborted) throw error;
    const message = `which stages are stale cannot be told: ${error.message}`;
    workspace.events({ type: 'note', level: 'warning', code: error.code, message });
    return new Map();
  }
}
