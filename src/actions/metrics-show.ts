import type { JsonValue } from '../base/canonical-json.js';
import type { Call } from '../base/call.js';
import { userError } from '../base/errors.js';
import { committed } from '../metrics/revision.js';
import { Workspace } from '../project/workspace.js';
import { metricsAt, workspaceFiles } from './value-files.js';

export interface MetricValue {
  file: string;
  key: string;
  value: JsonValue;
}

export interface MetricsShowInput {
  /** A revision of git; the workspace if not given. */
  rev: string | undefined;
}

/** Every metric of a revision, by file and key. */
export async function metricsShow(input: MetricsShowInput, call: Call): Promise<MetricValue[]> {
  const workspace = Workspace.open(call, 'ocrpipe metrics show');
  try {
    const files = await metricsAt(workspace, await revisionOf(workspace, input.rev));
    return files.flatMap(({ file, values }) => [...values].map(([key, value]) => ({ file, key, value })));
  } finally {
    workspace.close();
  }
}

async function revisionOf(workspace: Workspace, rev: string | undefined) {
  if (rev === undefined) return workspaceFiles(workspace);
  if (!workspace.git) {
    throw userError('no-git', `there is no commit '${rev}': this workspace is not in git`, {
      hint: "Run 'git init' and commit, or leave out --rev.",
    });
  }
  return committed(workspace.git, rev, await workspace.git.resolve(rev));
}
