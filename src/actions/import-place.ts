import { posix } from 'node:path';
import { userError } from '../base/errors.js';
import { lstatIfThere } from '../base/lstat-if-there.js';
import { fromRepoPath, repoPath, type RepoPath } from '../base/paths.js';
import { shellQuote } from '../base/shell-quote.js';
import { outputsIn } from '../pipeline/definition/read/output-at.js';
import type { Workspace } from '../project/workspace.js';
import { hasPointer, refuseTakenPointer } from '../tracking/pointers/pointer-file.js';
import { PathIndex } from '../tracking/path-index.js';
import { refuseLinks, refuseOwnFolders } from '../tracking/workspace-place.js';
import { refuseGitHeld, refuseIgnored, refuseOutput, refuseSteering } from './trackable.js';

/** Where an import goes: `out` as it was typed, or a name in the current folder; into a folder that is there. */
export function importPlace(workspace: Workspace, out: string | undefined, name: string): RepoPath {
  const typed = workspace.path(out ?? '.');
  const place = fromRepoPath(workspace.root, typed);
  const isFolder = out === undefined || out.endsWith('/') || lstatIfThere(place)?.isDirectory() === true;
  return isFolder && !hasPointer(workspace.root, typed) ? repoPath(posix.join(typed, name)) : typed;
}

/**
 * Refuses a place that nothing can be imported to, or at which something stands (`path-exists`) that `force` does not give up. Nothing is
 * fetched before this is asked.
 */
export async function refusePlace(
  workspace: Workspace,
  path: RepoPath,
  { force, isFolder }: { force: boolean; isFolder: boolean },
): Promise<void> {
  const { root, files } = workspace;
  refuseOwnFolders(path);
  refuseSteering(path);
  refuseLinks(root, path, { end: true });
  refuseTakenPointer(root, path);
  refuseOutput(outputsIn(root), path);
  const other = new PathIndex(files.trackedPaths()).overlapping(path);
  if (other !== undefined) {
    throw userError('path-overlaps', `${path} would overlap ${other}, and a file can be tracked only once`, {
      hint: 'Choose a place beside it with --out.',
    });
  }
  refuseIgnored(root, path, isFolder);
  await refuseGitHeld(workspace, [path]);
  if (force) return;
  const isTracked = hasPointer(root, path);
  if (!isTracked && lstatIfThere(fromRepoPath(root, path)) === undefined) return;
  const update = isTracked ? `'ocrpipe update ${shellQuote(path)}' brings an import up to date. ` : '';
  const what = isTracked ? 'is tracked already' : 'is there already';
  throw userError('path-exists', `${path} ${what}`, {
    hint: `${update}Name another place with --out, or give --force to replace it.`,
  });
}
