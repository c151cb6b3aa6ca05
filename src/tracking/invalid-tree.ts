import { OcrpipeError } from '../base/errors.js';
import type { RepoPath } from '../base/paths.js';

/** True for a tree that may not be, see `decodeNode` and `readNode`. */
export function isInvalidTree(error: unknown): error is OcrpipeError {
  return error instanceof OcrpipeError && error.code === 'tree-invalid';
}

/** The error with the tracked path in front, where it is about a node of its tree; any other as it is. */
export function namedInvalid(path: RepoPath, error: unknown): unknown {
  if (!isInvalidTree(error)) return error;
  const { code, message, hint } = error;
  return new OcrpipeError(code, `${path}: ${message}`, { cause: error, ...(hint !== undefined && { hint }) });
}
