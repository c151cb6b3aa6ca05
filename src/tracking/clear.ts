import { lstatSync } from 'node:fs';
import { fromRepoPath, type AbsPath, type RepoPath } from '../base/paths.js';
import type { LocalStore } from '../store/local-store.js';
import { TreeBuilder } from '../store/tree-builder.js';
import { bytePath } from './byte-path.js';
import { removeEmptyFolder } from './checkout/write-files.js';
import type { CallOptions, Snapshot, WorkspaceFiles } from './workspace-files.js';

interface ClearContext {
  root: AbsPath;
  store: LocalStore;
  files: WorkspaceFiles;
}

/**
 * Deletes what tracking sees at a path: as a checkout of nothing, so that bytes which are not in the store stop it
 * (`would-lose-bytes`) unless `force` is given, and one that was killed is told from an edit. True if nothing is left there: what
 * tracking leaves out (ignored files) stays.
 */
export async function clearPath(
  { root, store, files }: ClearContext,
  path: RepoPath,
  options: CallOptions & { force: boolean },
): Promise<boolean> {
  const place = fromRepoPath(root, path);
  if (lstatSync(place, { throwIfNoEntry: false }) === undefined) return true;
  await files.checkout(path, emptyDirectory(store), { ...options, removing: true });
  return removeEmptyFolder(bytePath(place));
}

function emptyDirectory(store: LocalStore): Snapshot {
  const writer = store.writer();
  try {
    const { id } = new TreeBuilder((node) => writer.putTree(node, 'tree')).finish();
    writer.finish();
    return { id, kind: 'directory', size: 0, files: 0 };
  } catch (error) {
    writer.abort();
    throw error;
  }
}
