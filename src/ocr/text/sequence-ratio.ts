import { codePoints } from './code-points.js';

/**
 * How alike two texts are, 0 to 1: twice the matched characters over all characters, matched as Python's
 * `difflib.SequenceMatcher(None, truth, prediction, autojunk=False).ratio()` matches them (Ratcliff and Metzener,
 * "Pattern Matching: The Gestalt Approach", 1988). Two empty texts are alike (1). Not symmetric: `truth` comes first.
 */
export function sequenceRatio(truth: string, prediction: string): number {
  const a = codePoints(truth);
  const b = codePoints(prediction);
  const total = a.length + b.length;
  return total === 0 ? 1 : (2 * matchedCharacters(a, b)) / total;
}

/** A part of `a` and a part of `b`, half open. */
interface Window {
  aFrom: number;
  aTo: number;
  bFrom: number;
  bTo: number;
}

/** The sizes of all matching blocks: the longest block, then the same to its left and to its right. */
function matchedCharacters(a: Uint32Array, b: Uint32Array): number {
  const waiting: Window[] = [{ aFrom: 0, aTo: a.length, bFrom: 0, bTo: b.length }];
  const scratch = new Uint32Array(b.length + 1);
  let matched = 0;
  for (let window = waiting.pop(); window; window = waiting.pop()) {
    const block = longestBlock(a, b, window, scratch);
    if (block.size === 0) continue;
    matched += block.size;
    waiting.push(
      { ...window, aTo: block.a, bTo: block.b },
      { ...window, aFrom: block.a + block.size, bFrom: block.b + block.size },
    );
  }
  return matched;
}

/**
 * The longest run that both windows share; of equally long ones the first in `a`, then the first in `b`.
 * `run[j + 1]` is the length of the run that ends at the current a and at b[j]; walking j downwards lets one row do.
 */
function longestBlock(
  a: Uint32Array,
  b: Uint32Array,
  { aFrom, aTo, bFrom, bTo }: Window,
  run: Uint32Array,
): { a: number; b: number; size: number } {
  const best = { a: aFrom, b: bFrom, size: 0 };
  run.fill(0, bFrom, bTo + 1);
  for (let i = aFrom; i < aTo; i += 1) {
    let longest = 0;
    let at = 0;
    for (let j = bTo - 1; j >= bFrom; j -= 1) {
      const length = a[i] === b[j] ? run[j]! + 1 : 0;
      run[j + 1] = length;
      if (length >= longest && length > 0) {
        longest = length;
        at = j;
      }
    }
    if (longest > best.size) {
      best.size = longest;
      best.a = i - longest + 1;
      best.b = at - longest + 1;
    }
  }
  return best;
}
