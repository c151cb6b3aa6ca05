import type { Call } from '../base/call.js';
import { userError } from '../base/errors.js';
import { lstatIfThere } from '../base/lstat-if-there.js';
import { fromRepoPath, type RepoPath } from '../base/paths.js';
import { shellQuote } from '../base/shell-quote.js';
import { Workspace } from '../project/workspace.js';
import type { UnlinkedFile } from '../tracking/workspace-files.js';

export interface UnlinkInput {
  /** Files or folders, as they were typed. */
  paths: readonly string[];
}

export interface UnlinkResult {
  /** Files that were links to the store, and are files of their own now. */
  unlinked: readonly UnlinkedFile[];
  /** Bytes of them in all. */
  bytes: number;
}

/** Makes files that are links to the store plain files that can be edited: what is written to them stays theirs. */
export async function unlink(input: UnlinkInput, call: Call): Promise<UnlinkResult> {
  const workspace = Workspace.open(call, 'ocrpipe unlink');
  try {
    const paths = [...new Set(input.paths.flatMap((typed) => named(workspace, workspace.path(typed))))];
    const unlinked: UnlinkedFile[] = [];
    for (const path of paths) unlinked.push(...(await workspace.files.unlink(path, call)));
    return { unlinked, bytes: unlinked.reduce((sum, { size }) => sum + size, 0) };
  } finally {
    workspace.close();
  }
}

/** The workspace itself stands for what is tracked in it: other programs too keep files that have several names. */
function named({ root, files }: Workspace, path: RepoPath): RepoPath[] {
  const isThere = (each: RepoPath): boolean => lstatIfThere(fromRepoPath(root, each)) !== undefined;
  if (path === '.') return files.trackedPaths().filter(isThere);
  if (isThere(path)) return [path];
  const isTracked = files.trackedPaths().includes(path);
  throw userError('no-such-path', `there is nothing at ${path}`, {
    hint: isTracked ? `'ocrpipe checkout ${shellQuote(path)}' puts it there.` : 'Check the name.',
  });
}
