import { textOfBytes } from '../../base/byte-text.js';
import type { RepoPath } from '../../base/paths.js';
import { shellQuote } from '../../base/shell-quote.js';
import type { BytePath } from '../byte-path.js';

/** Pointers in a tracked folder are no part of its data, and what they name is not tracked by itself: as a warning; undefined if there are none. */
export function passedOver(
  tracked: RepoPath,
  pointers: readonly BytePath[],
): { code: 'pointer-inside'; message: string; hint: string } | undefined {
  const [first, ...others] = pointers;
  if (first === undefined) return undefined;
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  return {
    code: 'pointer-inside',
    message: `${textOfBytes(first)}${more} is passed over, and not stored: it is a pointer inside ${tracked}, which is tracked as a whole`,
    hint: `Move it out of there, or, to track the parts instead of the whole, stop tracking that with 'ocrpipe rm ${shellQuote(tracked)}'`,
  };
}
