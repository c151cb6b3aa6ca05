import { randomFrom, shuffled } from '../../base/random.js';

/** Batches are cut from this many batches' worth of shuffled samples, sorted by width. */
const POOL_BATCHES = 16;

/**
 * The batches of one epoch as indices of samples: a random order, but images of like width together, so that little is
 * filled up. Depends on the seed and the epoch alone. Samples that leave no whole batch make a smaller last one.
 */
export function epochBatches(
  steps: readonly number[],
  options: { batchSize: number; seed: number; epoch: number },
): number[][] {
  const { batchSize, seed, epoch } = options;
  const random = randomFrom(seed, 'order', epoch);
  const order = shuffled(
    steps.map((_, index) => index),
    random,
  );
  const batches: number[][] = [];
  for (let start = 0; start < order.length; start += batchSize * POOL_BATCHES) {
    const pool = order.slice(start, start + batchSize * POOL_BATCHES);
    pool.sort((a, b) => steps[a]! - steps[b]!);
    for (let first = 0; first < pool.length; first += batchSize) {
      batches.push(pool.slice(first, first + batchSize));
    }
  }
  return shuffled(batches, random);
}

/** Steps of one epoch. */
export function batchesPerEpoch(samples: number, batchSize: number): number {
  return Math.ceil(samples / batchSize);
}
