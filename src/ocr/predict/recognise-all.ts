import { setImmediate } from 'node:timers/promises';
import { inParallel } from '../../base/in-parallel.js';
import type { Pixels } from '../images/load.js';
import { cutBatches } from '../models/batch-cuts.js';
import { inputExtent } from '../models/model-config.js';
import { readingLimit } from '../models/reading-limit.js';
import type { Recogniser } from '../models/recogniser.js';
import { recogniseBatch, type Reading } from './recognise.js';

/** Images of one batch, unless the caller says otherwise. */
const READING_BATCH = 32;
/** This many batches' worth of images are loaded together and sorted by width. */
const WINDOW_BATCHES = 8;
/** Fewer are loaded together once their pixels take so much. */
const WINDOW_BYTES = 128 * 2 ** 20;
/** Files open at once. */
const LOADS_AT_ONCE = 16;

export interface ReadingJob<T> {
  items: readonly T[];
  /** An image at the size that the model wants (`readingOptions`), or undefined for one to pass over. */
  load: (item: T) => Promise<Pixels | undefined>;
  batchSize?: number;
  /** For tests: pixels of width that a batch may hold, in place of what memory holds. */
  batchPx?: number;
  signal?: AbortSignal;
  /** Called with the number of items read so far. */
  onProgress?: (done: number) => void;
}

/** The readings of some items that follow each other, the first of them being number `start`. */
interface ReadWindow {
  start: number;
  readings: (Reading | undefined)[];
}

/**
 * Reads any number of images, in batches of like width that fit into memory; one reading an item, in the order of the
 * items, undefined for an item that `load` passes over. The first image that fails to load ends it.
 */
export async function recogniseAll<T>(
  model: Recogniser,
  job: ReadingJob<T>,
): Promise<(Reading | undefined)[]> {
  const all: (Reading | undefined)[] = [];
  for await (const { readings } of readInWindows(model, job)) all.push(...readings);
  return all;
}

/** The same as it goes, part by part in the order of the items. Memory stays that of a few batches. */
export async function* readInWindows<T>(model: Recogniser, job: ReadingJob<T>): AsyncGenerator<ReadWindow> {
  let next = loadWindow(job, 0);
  for (let start = 0; start < job.items.length;) {
    const images = await next;
    // The next images decode while this window is read.
    next = loadWindow(job, start + images.length);
    next.catch(() => undefined);
    const readings = new Array<Reading | undefined>(images.length).fill(undefined);
    let done = start;
    for (const chosen of batchesOf(images, model, job)) {
      // Computing alone never returns to the event loop, where signals and timers wait.
      await setImmediate();
      job.signal?.throwIfAborted();
      const pixels = chosen.map((index) => images[index]!);
      const read = await recogniseBatch(model, pixels);
      chosen.forEach((index, place) => (readings[index] = read[place]!));
      done += chosen.length;
      job.onProgress?.(done);
    }
    yield { start, readings };
    start += images.length;
  }
}

/** The indices of images that were loaded, narrow ones first. */
function batchesOf<T>(
  images: readonly (Pixels | undefined)[],
  model: Recogniser,
  { batchSize = READING_BATCH, batchPx = readingLimit(model).batchPx }: ReadingJob<T>,
): number[][] {
  const order = images
    .flatMap((image, index) => (image ? [index] : []))
    .sort((a, b) => images[a]!.widthPx - images[b]!.widthPx);
  const { config } = model;
  const filledPx = (index: number): number => inputExtent(config, images[index]!.widthPx).filledPx;
  return cutBatches(order, filledPx, { images: batchSize, area: batchPx });
}

async function loadWindow<T>(job: ReadingJob<T>, start: number): Promise<(Pixels | undefined)[]> {
  const { items, load, batchSize = READING_BATCH, signal } = job;
  const end = Math.min(items.length, start + batchSize * WINDOW_BATCHES);
  const images: (Pixels | undefined)[] = [];
  let bytes = 0;
  for (let at = start; at < end && bytes < WINDOW_BYTES; at += LOADS_AT_ONCE) {
    const group = items.slice(at, Math.min(end, at + LOADS_AT_ONCE));
    const loaded = await inParallel(group, LOADS_AT_ONCE, load, signal);
    images.push(...loaded);
    bytes += loaded.reduce((sum, image) => sum + (image?.data.length ?? 0), 0);
  }
  return images;
}
