import { realpathSync } from 'node:fs';
import type { Call } from '../base/call.js';
import { absPath } from '../base/paths.js';
import { explainStages, type Explanation } from '../pipeline/staleness/why.js';
import { pipelineHost } from '../project/pipeline-host.js';
import { Workspace } from '../project/workspace.js';

/** Why a stage, or the stages that make an output, would run or not. */
export async function why(target: string, call: Call): Promise<Explanation[]> {
  const workspace = Workspace.open(call, 'ocrpipe why');
  try {
    return await explainStages(pipelineHost(workspace), target, absPath(realpathSync(call.cwd)));
  } finally {
    workspace.close();
  }
}
