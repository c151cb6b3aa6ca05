import { setImmediate } from 'node:timers/promises';
import type { Pixels } from '../images/load.js';
import type { Recogniser } from '../models/recogniser.js';
import { recogniseBatch, type Reading } from './recognise.js';

/** Images of one batch, unless the caller says otherwise. */
const READING_BATCH = 32;
/** This many batches' worth of images are loaded together and sorted by width. */
const WINDOW_BATCHES = 8;

export interface ReadingJob<T> {
  items: readonly T[];
  /** An image at the size that the model wants (`imageFit`), or undefined for one to pass over. */
  load: (item: T) => Promise<Pixels | undefined>;
  batchSize?: number;
  signal?: AbortSignal;
  /** Called with the number of items read so far. */
  onProgress?: (done: number) => void;
}

/**
 * Reads any number of images, in batches of like width; one reading an item, in the order of the items, undefined for
 * an item that `load` passes over. Memory stays that of a few batches. The first image that fails to load ends it.
 */
export async function recogniseAll<T>(
  model: Recogniser,
  job: ReadingJob<T>,
): Promise<(Reading | undefined)[]> {
  const { items, batchSize = READING_BATCH } = job;
  const readings = new Array<Reading | undefined>(items.length).fill(undefined);
  const windowSize = batchSize * WINDOW_BATCHES;
  let next = loadWindow(job, 0, windowSize);
  for (let start = 0; start < items.length; start += windowSize) {
    const images = await next;
    // The next images decode while this window is read.
    next = loadWindow(job, start + windowSize, windowSize);
    next.catch(() => undefined);
    const order = images
      .flatMap((image, index) => (image ? [index] : []))
      .sort((a, b) => images[a]!.widthPx - images[b]!.widthPx);
    for (let first = 0; first < order.length; first += batchSize) {
      // Computing alone never returns to the event loop, where signals and timers wait.
      await setImmediate();
      job.signal?.throwIfAborted();
      const chosen = order.slice(first, first + batchSize);
      const read = await recogniseBatch(
        model,
        chosen.map((index) => images[index]!),
      );
      chosen.forEach((index, place) => (readings[start + index] = read[place]!));
      job.onProgress?.(start + first + chosen.length);
    }
  }
  return readings;
}

function loadWindow<T>(
  { items, load }: ReadingJob<T>,
  start: number,
  size: number,
): Promise<(Pixels | undefined)[]> {
  return Promise.all(items.slice(start, start + size).map(load));
}
