import { realpathSync } from 'node:fs';
import type { Call } from '../base/call.js';
import { absPath } from '../base/paths.js';
import { repro as reproPipeline, type ReproRequest, type ReproResult } from '../pipeline/run/repro.js';
import { pipelineHost } from '../project/pipeline-host.js';
import { Workspace } from '../project/workspace.js';

export type ReproInput = Omit<ReproRequest, 'cwd'>;

/** Brings the stages of pipeline.yaml up to date. A failed stage is part of the result. */
export async function repro(input: ReproInput, call: Call): Promise<ReproResult> {
  const workspace = Workspace.open(call, 'ocrpipe repro');
  try {
    return await reproPipeline(pipelineHost(workspace), {
      ...input,
      cwd: absPath(realpathSync(call.cwd)),
    });
  } finally {
    workspace.close();
  }
}
