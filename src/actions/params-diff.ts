import type { Call } from '../base/call.js';
import { twoSides } from '../metrics/revision.js';
import { valueChanges, type ValueChange } from '../metrics/value-changes.js';
import { Workspace } from '../project/workspace.js';
import type { CompareInput } from './metrics-diff.js';
import { paramsAt, workspaceFiles } from './value-files.js';

/** How the parameters of two revisions differ. */
export async function paramsDiff(input: CompareInput, call: Call): Promise<ValueChange[]> {
  const workspace = Workspace.open(call, 'ocrpipe params diff');
  try {
    const [before, after] = await twoSides(workspace.git, workspaceFiles(workspace), input);
    return valueChanges(await paramsAt(workspace, before), await paramsAt(workspace, after));
  } finally {
    workspace.close();
  }
}
