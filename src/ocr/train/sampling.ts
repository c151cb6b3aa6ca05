import { shuffled, type Random } from '../../base/random.js';
import type { CheckedSample } from './sample-table.js';
import { characters } from '../text/code-points.js';

/**
 * How often each sample is to be seen in a pass over the data, at least once: a sample whose rarest character stands in fewer labels
 * than the median character does is seen more often in inverse proportion, `most` times at the most. All ones with `most` 1.
 */
export function repeatsOf(samples: Iterable<Pick<CheckedSample, 'text'>>, most: number): number[] {
  if (most === 1) return Array.from(samples, () => 1);
  const labels = new Map<string, number>();
  for (const { text } of samples)
    for (const character of new Set(characters(text)))
      labels.set(character, (labels.get(character) ?? 0) + 1);
  const usual = median([...labels.values()]);
  return Array.from(samples, ({ text }) => {
    const rarest = Math.min(usual, ...characters(text).map((character) => labels.get(character)!));
    return Math.min(most, usual / Math.max(1, rarest));
  });
}

/** The middle value, the lower one of two; 1 of none. */
function median(values: number[]): number {
  values.sort((a, b) => a - b);
  return values[(values.length - 1) >> 1] ?? 1;
}

/** How many samples `drawn` gives for these repeats: the same in every pass. */
export function drawnCount(repeats: readonly number[]): number {
  return wholes(repeats) + Math.ceil(fractions(repeats) - ROUNDING);
}

/** A sum of fractions that is whole but for rounding counts as whole. */
const ROUNDING = 1e-9;

function wholes(repeats: readonly number[]): number {
  return repeats.reduce((sum, repeat) => sum + Math.floor(repeat), 0);
}

function fractions(repeats: readonly number[]): number {
  return repeats.reduce((sum, repeat) => sum + (repeat % 1), 0);
}

/**
 * The samples of one pass in random order, by their place in `repeats`: each as often as the whole part of its repeats says, and once more
 * with a chance of at least the rest. Those are drawn systematically (Madow 1949), so that every pass is equally long.
 */
export function drawn(repeats: readonly number[], random: Random): number[] {
  const order = shuffled(
    repeats.map((_, index) => index),
    random,
  );
  const extra = Math.ceil(fractions(repeats) - ROUNDING);
  if (extra === 0 && repeats.every((repeat) => repeat === 1)) return order;
  const chosen = order.flatMap((index) => new Array<number>(Math.floor(repeats[index]!)).fill(index));
  return shuffled([...chosen, ...systematic(order, repeats, { count: extra, random })], random);
}

/** `count` of `order`, each with a chance in proportion to the fraction of its repeats. */
function systematic(
  order: readonly number[],
  repeats: readonly number[],
  { count, random }: { count: number; random: Random },
): number[] {
  if (count === 0) return [];
  const scale = count / fractions(repeats);
  const start = random.uniform();
  const chosen: number[] = [];
  let reached = 0;
  for (const index of order) {
    reached += (repeats[index]! % 1) * scale;
    while (chosen.length < count && start + chosen.length < reached) chosen.push(index);
  }
  // The last one may be lost to rounding.
  while (chosen.length < count) chosen.push(order.findLast((index) => repeats[index]! % 1 > 0)!);
  return chosen;
}
