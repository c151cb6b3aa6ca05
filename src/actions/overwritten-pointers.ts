import type { OcrpipeError } from '../base/errors.js';
import type { RepoPath } from '../base/paths.js';
import { shellQuote } from '../base/shell-quote.js';
import type { Workspace } from '../project/workspace.js';
import { overwritten } from '../tracking/pointers/pointer-file.js';
import { isPointerText, pointerPathOf } from '../tracking/pointers/plain-pointer.js';
import type { FoundPointers } from '../tracking/workspace-files.js';
import { throwFailures } from './each-path.js';

/** A path whose pointer was overwritten. */
export interface Overwritten {
  path: RepoPath;
  error: OcrpipeError;
}

/**
 * Files named like pointers that hold something else than git does, which has a pointer there: nothing else tells any more that
 * their paths are tracked, and every command would pass them over.
 */
export async function overwrittenPointers(
  { git }: Workspace,
  { others }: Pick<FoundPointers, 'others'>,
): Promise<Overwritten[]> {
  // Git is only asked where there may be any: it costs more than all else that is asked of a small workspace.
  if (git === undefined || others.length === 0) return [];
  const modified = new Set(await git.modifiedLike(':(glob)**/*.ocr'));
  const found: Overwritten[] = [];
  for (const path of others.filter((each) => modified.has(pointerPathOf(each)))) {
    const file = pointerPathOf(path);
    const held = await git.readHeld(file);
    if (!held || !isPointerText(held.toString('utf8'))) continue;
    found.push({ path, error: overwritten(path, 'text', `git add ${shellQuote(file)}`) });
  }
  return found;
}

/** Refuses them, for commands that go over all that is tracked. */
export async function refuseOverwritten(workspace: Workspace, found: FoundPointers): Promise<void> {
  throwFailures((await overwrittenPointers(workspace, found)).map(({ error }) => error));
}
