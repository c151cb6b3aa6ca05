import { posix } from 'node:path';
import { shellQuote } from '../base/shell-quote.js';
import { POINTER_SUFFIX } from '../tracking/pointers/plain-pointer.js';

/** More files than this are not all named: a line of a thousand names helps nobody. */
const MOST_NAMED = 8;

/** The command to type next, for what was written and belongs into git; no line if there is nothing. */
export function toCommitLines(files: readonly string[]): string[] {
  if (files.length === 0) return [];
  const named = files.length > MOST_NAMED ? byFolder(files) : files;
  return [`To commit: git add ${named.map(shellQuote).join(' ')}`];
}

/** The same files, the pointers of each folder as one pattern of git's. */
function byFolder(files: readonly string[]): string[] {
  return [...new Set(files.map((file) => patternOf(file) ?? file))];
}

/** Undefined for what is no pointer, or stands in a folder whose name would be a pattern itself. */
function patternOf(file: string): string | undefined {
  const folder = posix.dirname(file);
  if (!file.endsWith(POINTER_SUFFIX) || /[*?[\\]/.test(folder)) return undefined;
  return `:(glob)${folder === '.' ? '' : `${folder}/`}*${POINTER_SUFFIX}`;
}
