import { readFileSync } from 'node:fs';
import { systemErrorCode, userError } from './errors.js';
import { fromRepoPath, type AbsPath, type RepoPath } from './paths.js';

/**
 * The text of a file of the workspace, or undefined if there is none. Throws `file-unreadable` (exit code 2), naming it, for
 * a folder in its place or missing rights.
 */
export function readTextIfThere(root: AbsPath, path: RepoPath): string | undefined {
  try {
    return readFileSync(fromRepoPath(root, path), 'utf8');
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT') return undefined;
    const why = code === 'EISDIR' ? 'it is a folder' : (error as Error).message;
    throw userError('file-unreadable', `${path} cannot be read: ${why}`, {
      hint: code === 'EISDIR' ? 'Move the folder away: a file belongs there.' : 'Correct its rights.',
      cause: error,
    });
  }
}
