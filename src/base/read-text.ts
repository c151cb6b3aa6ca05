import { OcrpipeError, systemErrorCode, userError } from './errors.js';
import { fromRepoPath, type AbsPath, type RepoPath } from './paths.js';
import { readRegularFile } from './regular-file.js';

/** Texts that people or ocrpipe write are small. */
const MAX_TEXT_BYTES = 256 * 1024 * 1024;

/**
 * The text of a file of the workspace, or undefined if there is none. Throws `file-unreadable` (exit code 2), naming it, for missing
 * rights, and `not-a-file` for a folder, a FIFO or a device in its place, which is not waited for.
 */
export function readTextIfThere(root: AbsPath, path: RepoPath): string | undefined {
  try {
    return readRegularFile(fromRepoPath(root, path), MAX_TEXT_BYTES).toString('utf8');
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT') return undefined;
    if (error instanceof OcrpipeError) throw error;
    throw userError('file-unreadable', `${path} cannot be read: ${(error as Error).message}`, {
      hint: 'Correct its rights.',
      cause: error,
    });
  }
}
