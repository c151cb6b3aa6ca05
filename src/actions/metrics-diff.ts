import type { Call } from '../base/call.js';
import { twoSides } from '../metrics/revision.js';
import { valueChanges, type ValueChange } from '../metrics/value-changes.js';
import { Workspace } from '../project/workspace.js';
import { metricsAt, workspaceFiles } from './value-files.js';

export interface CompareInput {
  /** A revision of git; HEAD if not given. */
  a: string | undefined;
  /** A revision of git; the workspace if not given. */
  b: string | undefined;
}

/** How the metrics of two revisions differ. */
export async function metricsDiff(input: CompareInput, call: Call): Promise<ValueChange[]> {
  const workspace = Workspace.open(call, 'ocrpipe metrics diff');
  try {
    const [before, after] = await twoSides(workspace.git, workspaceFiles(workspace), input);
    return valueChanges(await metricsAt(workspace, before), await metricsAt(workspace, after));
  } finally {
    workspace.close();
  }
}
