import { characters, codePoints } from './code-points.js';

/**
 * The least number of insertions, deletions and substitutions of characters that turns `prediction` into `truth`
 * (Wagner and Fischer, "The String-to-String Correction Problem", 1974). Both are compared in NFC.
 */
export function editDistance(truth: string, prediction: string): number {
  return codePointDistance(codePoints(truth), codePoints(prediction));
}

/** The same on code points that were made before. Time |a|·|b| after equal ends are cut, memory |b|. */
export function codePointDistance(a: Uint32Array, b: Uint32Array): number {
  let start = 0;
  let aEnd = a.length;
  let bEnd = b.length;
  while (aEnd > start && bEnd > start && a[aEnd - 1] === b[bEnd - 1]) {
    aEnd -= 1;
    bEnd -= 1;
  }
  while (start < aEnd && start < bEnd && a[start] === b[start]) start += 1;
  return distanceOf(a.subarray(start, aEnd), b.subarray(start, bEnd));
}

function distanceOf(a: Uint32Array, b: Uint32Array): number {
  const row = Uint32Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 0; i < a.length; i += 1) {
    let diagonal = row[0]!;
    row[0] = i + 1;
    for (let j = 0; j < b.length; j += 1) {
      const replaced = diagonal + (a[i] === b[j] ? 0 : 1);
      diagonal = row[j + 1]!;
      row[j + 1] = Math.min(replaced, diagonal + 1, row[j]! + 1);
    }
  }
  return row[b.length]!;
}

/** One step of an alignment; '' on one side is a character left out (prediction '') or made up (truth ''). */
export interface AlignedPair {
  truth: string;
  prediction: string;
}

/**
 * One cheapest alignment of the two texts, character by character, in order; equal pairs are kept. Where several are
 * equally cheap, the one that substitutes latest in the line is taken, so that the same texts always align alike.
 */
export function align(truth: string, prediction: string): AlignedPair[] {
  const a = characters(truth);
  const b = characters(prediction);
  const cost = costs(a, b);
  const width = b.length + 1;
  const pairs: AlignedPair[] = [];
  let i = a.length;
  let j = b.length;
  while (i > 0 || j > 0) {
    const here = cost[i * width + j]!;
    if (i > 0 && j > 0 && here === cost[(i - 1) * width + j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)) {
      i -= 1;
      j -= 1;
      pairs.push({ truth: a[i]!, prediction: b[j]! });
    } else if (i > 0 && here === cost[(i - 1) * width + j]! + 1) {
      i -= 1;
      pairs.push({ truth: a[i]!, prediction: '' });
    } else {
      j -= 1;
      pairs.push({ truth: '', prediction: b[j]! });
    }
  }
  return pairs.reverse();
}

/** The whole table, [a.length + 1, b.length + 1] row-major. */
function costs(a: readonly string[], b: readonly string[]): Uint32Array {
  const width = b.length + 1;
  const cost = new Uint32Array((a.length + 1) * width);
  for (let j = 0; j < width; j += 1) cost[j] = j;
  for (let i = 1; i <= a.length; i += 1) {
    cost[i * width] = i;
    for (let j = 1; j < width; j += 1) {
      const replaced = cost[(i - 1) * width + j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      cost[i * width + j] = Math.min(replaced, cost[(i - 1) * width + j]! + 1, cost[i * width + j - 1]! + 1);
    }
  }
  return cost;
}
