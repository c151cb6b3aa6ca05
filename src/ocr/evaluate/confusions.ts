import { compareCharacters } from '../text/alphabet.js';
import { align } from '../text/edit-distance.js';
import type { ReadLine } from './scored-line.js';

/** How often one character was read as another. */
export interface Confusion {
  /** `left-out`: in the text, not in the reading (`prediction` is ''); `made-up`: the other way round (`truth` is ''). */
  readonly kind: 'substituted' | 'left-out' | 'made-up';
  readonly truth: string;
  readonly prediction: string;
  readonly count: number;
}

/** The most frequent confusions, most frequent first; of equally frequent ones by characters. */
export function confusionsOf(lines: Iterable<ReadLine>, limit: number): Confusion[] {
  const counts = new Map<string, { truth: string; prediction: string; count: number }>();
  for (const { text, prediction: read } of lines) {
    for (const { truth, prediction } of align(text, read)) {
      if (truth === prediction) continue;
      const key = `${truth}\0${prediction}`;
      const known = counts.get(key);
      if (known) known.count += 1;
      else counts.set(key, { truth, prediction, count: 1 });
    }
  }
  return [...counts.values()]
    .sort(
      (a, b) =>
        b.count - a.count ||
        compareCharacters(a.truth, b.truth) ||
        compareCharacters(a.prediction, b.prediction),
    )
    .slice(0, limit)
    .map((pair) => ({ kind: kindOf(pair), ...pair }));
}

function kindOf({ truth, prediction }: { truth: string; prediction: string }): Confusion['kind'] {
  if (prediction === '') return 'left-out';
  return truth === '' ? 'made-up' : 'substituted';
}
