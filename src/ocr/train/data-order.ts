import { randomFrom, shuffled, type Random } from '../../base/random.js';
import { drawn, drawnCount } from './sampling.js';

/** Batches are cut from this many batches' worth of shuffled samples, sorted by width. */
const POOL_BATCHES = 16;
/** The widest image of a bucket is at most so many times as wide as its narrowest. */
const BUCKET_RATIO = 1.25;

/** What the batches of a training are cut from. */
export interface Order {
  /** Widths of the samples as they are filled up, in pixels. */
  widthsPx: readonly number[];
  /** How often each is seen in a pass, at least once; see `repeatsOf`. */
  repeats: readonly number[];
  /** Images of a batch at the most. */
  batchSize: number;
  /** Images of a batch times the width of the widest, at the most; one image alone may be wider. */
  batchPixels: number | undefined;
  seed: number;
}

/** Samples of like width, and the most of them that a batch holds. */
interface Bucket {
  samples: number[];
  capacity: number;
}

/** The batches of passes over the data, as places of samples. */
export interface DataOrder {
  /** Batches of each pass: every pass has as many. */
  readonly batchesPerPass: number;
  /** Depends on the seed and the pass, counted from 0, alone. */
  readonly batches: (pass: number) => number[][];
}

/** A random order in which images of like width stand together, so that little is filled up. */
export function dataOrder(order: Order): DataOrder {
  return order.batchPixels === undefined ? pooled(order) : bucketed(order, order.batchPixels);
}

/** Batches of `batchSize`; samples that leave no whole batch make a smaller last one. */
function pooled({ widthsPx, repeats, batchSize, seed }: Order): DataOrder {
  return {
    batchesPerPass: Math.ceil(drawnCount(repeats) / batchSize),
    batches(pass) {
      const random = randomFrom(seed, 'order', pass);
      const order = drawn(repeats, random);
      const batches: number[][] = [];
      for (let start = 0; start < order.length; start += batchSize * POOL_BATCHES) {
        const pool = order.slice(start, start + batchSize * POOL_BATCHES);
        pool.sort((a, b) => widthsPx[a]! - widthsPx[b]!);
        for (let first = 0; first < pool.length; first += batchSize) {
          batches.push(pool.slice(first, first + batchSize));
        }
      }
      return shuffled(batches, random);
    },
  };
}

/** The narrower the images of a bucket, the more of them make a batch. */
function bucketed(order: Order, batchPixels: number): DataOrder {
  const { repeats, seed } = order;
  const buckets = bucketsOf(order, batchPixels);
  const repeatsIn = ({ samples }: Bucket): number[] => samples.map((sample) => repeats[sample]!);
  const counts = buckets.map((bucket) => Math.ceil(drawnCount(repeatsIn(bucket)) / bucket.capacity));
  const cut = (bucket: Bucket, count: number, random: Random): number[][] => {
    const samples = drawn(repeatsIn(bucket), random).map((place) => bucket.samples[place]!);
    return evenParts(samples, count);
  };
  return {
    batchesPerPass: counts.reduce((sum, count) => sum + count, 0),
    batches(pass) {
      const random = randomFrom(seed, 'order', pass);
      const batches = buckets.flatMap((bucket, place) => cut(bucket, counts[place]!, random));
      return shuffled(batches, random);
    },
  };
}

/** A bucket goes on beyond its ratio until its samples fill a batch. */
function bucketsOf({ widthsPx, batchSize }: Order, batchPixels: number): Bucket[] {
  const sorted = widthsPx.map((_, index) => index).sort((a, b) => widthsPx[a]! - widthsPx[b]!);
  const capacityAt = (widthPx: number): number =>
    Math.max(1, Math.min(batchSize, Math.floor(batchPixels / widthPx)));
  const buckets: Bucket[] = [];
  let samples: number[] = [];
  for (const sample of sorted) {
    const [narrowest] = samples;
    const isFull =
      narrowest !== undefined &&
      widthsPx[sample]! > BUCKET_RATIO * widthsPx[narrowest]! &&
      samples.length >= capacityAt(widthsPx[samples.at(-1)!]!);
    if (isFull) {
      buckets.push({ samples, capacity: capacityAt(widthsPx[samples.at(-1)!]!) });
      samples = [];
    }
    samples.push(sample);
  }
  if (samples.length > 0) buckets.push({ samples, capacity: capacityAt(widthsPx[samples.at(-1)!]!) });
  return buckets;
}

/** `count` parts in order whose sizes differ by one at the most. */
function evenParts<T>(items: readonly T[], count: number): T[][] {
  return Array.from({ length: count }, (_, part) =>
    items.slice(Math.floor((part * items.length) / count), Math.floor(((part + 1) * items.length) / count)),
  );
}
