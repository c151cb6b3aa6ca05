import { align, type AlignedPair } from './edit-distance.js';

/** A text changes what another is compared with, so readings are gone through again; more often than this has not been seen to help. */
const ROUNDS = 3;
/** Readings that have hardly anything in common, as of models that cannot read, differ everywhere: more texts than these are not judged for one line. */
const MOST_JUDGED = 500;

/**
 * The text that `score` likes best among several readings of one line and what can be put together of them: the best reading, in which each place where
 * another one differs is taken from that one if the whole then scores higher. Readings are aligned as in ROVER (Fiscus 1997); in place of a vote
 * over each place, the whole text is judged each time. Of readings that score alike the first is taken.
 */
export function consensus(readings: readonly string[], score: (text: string) => number): string {
  const judged = remembering(score);
  const different = [...new Set(readings)];
  let best = different.reduce((a, b) => (judged(b) > judged(a) ? b : a));
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = best;
    for (const reading of different) best = improved(best, reading, judged);
    if (best === before) break;
  }
  return best;
}

/** `text`, with what `reading` has in its place wherever that scores higher. */
function improved(text: string, reading: string, score: (text: string) => number): string {
  if (text === reading) return text;
  let best = text;
  const pairs = align(text, reading);
  for (const [start, end] of differences(pairs)) {
    const changed = pairs.map((pair, at) =>
      at >= start && at < end ? { ...pair, truth: pair.prediction } : pair,
    );
    const candidate = changed.map(({ truth }) => truth).join('');
    if (score(candidate) <= score(best)) continue;
    best = candidate;
    pairs.splice(0, pairs.length, ...changed);
  }
  return best;
}

/** Where pairs differ, from, and up to but without: each stretch that does without interruption, then each pair of it. */
function differences(pairs: readonly AlignedPair[]): [number, number][] {
  const found: [number, number][] = [];
  let start = 0;
  while (start < pairs.length) {
    let end = start;
    while (end < pairs.length && pairs[end]!.truth !== pairs[end]!.prediction) end += 1;
    if (end > start) found.push([start, end]);
    for (let at = start; end - start > 1 && at < end; at += 1) found.push([at, at + 1]);
    start = end + 1;
  }
  return found;
}

function remembering(score: (text: string) => number): (text: string) => number {
  const known = new Map<string, number>();
  return (text) => {
    const there = known.get(text);
    if (there !== undefined) return there;
    if (known.size >= MOST_JUDGED) return -Infinity;
    const found = score(text);
    known.set(text, found);
    return found;
  };
}
