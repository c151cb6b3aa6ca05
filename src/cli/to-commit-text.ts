import { shellQuote } from '../base/shell-quote.js';

/** The command to type next, for what was written and belongs into git; no line if there is nothing. */
export function toCommitLines(files: readonly string[]): string[] {
  return files.length === 0 ? [] : [`To commit: git add ${files.map(shellQuote).join(' ')}`];
}
