import type { PathStatus, WorkspaceFiles } from './workspace-files.js';

/**
 * True if nothing says which files of a directory were deleted and which never came: a checkout did not end, or this machine
 * does not remember what it put there and has not all that the pointer names. What is there must not become the whole then.
 */
export function isRestUnknown(
  { pointer, lastPut, begun }: Pick<PathStatus, 'pointer' | 'lastPut' | 'begun'>,
  files: Pick<WorkspaceFiles, 'inStore'>,
): boolean {
  if (pointer?.kind !== 'directory') return false;
  return begun !== undefined || (lastPut === undefined && !files.inStore(pointer));
}
