import { setImmediate } from 'node:timers/promises';
import { inParallel } from '../../base/in-parallel.js';
import type { Pixels } from '../images/load.js';
import { cutBatches } from '../models/batch-cuts.js';
import type { Recogniser } from '../models/recogniser.js';
import { modelReader, type LineReader } from './line-reader.js';
import type { Reading } from './recognise.js';
import type { SizedImage } from './recognise-together.js';
import { supplyOf, type Supply } from './supply.js';

/** Images of one batch, unless the caller says otherwise. */
const READING_BATCH = 32;
/** This many batches' worth of images are loaded together and sorted by width; fewer at first, so that the first readings come soon. */
const WINDOW_BATCHES = 8;
/** Fewer are loaded together once their pixels take so much. */
const WINDOW_BYTES = 128 * 2 ** 20;
/** Images that are loaded at once. */
const LOADED_AT_ONCE = 32;
/** The same where the caller loads them one by one. */
const FILES_AT_ONCE = 16;

/** How images are read, whatever they come from. */
interface ReadingOptions {
  batchSize?: number;
  /** For tests: what a batch may hold, in place of what memory holds. */
  batchArea?: number;
  signal?: AbortSignal;
  /** Called with the number of items read so far. */
  onProgress?: (done: number) => void;
}

export interface ReadingJob<T, Kept> extends ReadingOptions {
  items: readonly T[];
  /** An image at the size that the model wants (`readingOptions`), or undefined for one to pass over. */
  load: (item: T) => Promise<Pixels | undefined>;
  /** What is wanted of a reading: it has an object for each character. */
  keep: (reading: Reading) => Kept;
}

/** The same for items that are known by and by, and loaded together. */
export interface SupplyJob<T> extends ReadingOptions {
  supply: Supply<T>;
  load: (items: readonly T[]) => Promise<(SizedImage | undefined)[]>;
  /** Nothing is left to compute, and images are still being loaded. */
  onWait?: () => void;
}

/** Items that follow each other, and what was read in each. */
interface ReadWindow<T> {
  items: readonly T[];
  readings: (Reading | undefined)[];
}

/**
 * Reads any number of images, in batches of like width that fit into memory; what is kept of one reading an item, in the order
 * of the items, undefined for an item that `load` passes over. The first image that fails to load ends it.
 */
export async function recogniseAll<T, Kept>(
  model: Recogniser,
  { items, load, keep, ...options }: ReadingJob<T, Kept>,
): Promise<(Kept | undefined)[]> {
  const all: (Kept | undefined)[] = [];
  const job: SupplyJob<T> = {
    ...options,
    supply: supplyOf(items),
    load: async (group) => {
      const images = await inParallel(group, FILES_AT_ONCE, load, options.signal);
      return images.map((image) => image && [image]);
    },
  };
  for await (const { readings } of readInWindows(modelReader(model), job))
    all.push(...readings.map((reading) => reading && keep(reading)));
  return all;
}

/** The same as it goes, part by part in the order of the items. Memory stays that of a few batches. */
export async function* readInWindows<T>(
  reader: LineReader,
  job: SupplyJob<T>,
): AsyncGenerator<ReadWindow<T>> {
  const { batchSize = READING_BATCH, signal, onProgress } = job;
  let size = batchSize;
  let done = 0;
  for (let next = upcoming(job, size); ;) {
    const { items, images } = await next.waited();
    if (items.length === 0) return;
    size = Math.min(2 * size, batchSize * WINDOW_BATCHES);
    // The next images are loaded while these are read.
    next = upcoming(job, size);
    const readings = new Array<Reading | undefined>(images.length).fill(undefined);
    for (const chosen of batchesOf(images, reader, job)) {
      // Computing alone never returns to the event loop, where signals and timers wait.
      await setImmediate();
      signal?.throwIfAborted();
      const read = await reader.read(
        chosen.map((index) => images[index]!),
        signal,
      );
      chosen.forEach((index, place) => (readings[index] = read[place]!));
      onProgress?.(done + chosen.length);
      done += chosen.length;
    }
    yield { items, readings };
  }
}

interface LoadedWindow<T> {
  items: readonly T[];
  images: (SizedImage | undefined)[];
}

/** A window that is being loaded; `waited` tells of it if that takes longer than all there was to do meanwhile. */
function upcoming<T>(job: SupplyJob<T>, size: number): { waited: () => Promise<LoadedWindow<T>> } {
  let isThere = false;
  const window = loadWindow(job, size);
  window.then(
    () => (isThere = true),
    () => undefined,
  );
  return {
    waited: () => {
      if (!isThere) job.onWait?.();
      return window;
    },
  };
}

/** The indices of images that were loaded, narrow ones first. */
function batchesOf(
  images: readonly (SizedImage | undefined)[],
  reader: LineReader,
  { batchSize = READING_BATCH, batchArea = reader.batchArea }: ReadingOptions,
): number[][] {
  const order = images
    .flatMap((image, index) => (image ? [index] : []))
    .sort((a, b) => widestPx(images[a]!) - widestPx(images[b]!));
  const widthOf = (index: number): number => reader.widthOf(images[index]!);
  return cutBatches(order, widthOf, { images: batchSize, area: batchArea });
}

function widestPx(image: SizedImage): number {
  return Math.max(...image.map(({ widthPx }) => widthPx));
}

async function loadWindow<T>({ supply, load, signal }: SupplyJob<T>, size: number): Promise<LoadedWindow<T>> {
  const items: T[] = [];
  const images: (SizedImage | undefined)[] = [];
  let bytes = 0;
  while (items.length < size && bytes < WINDOW_BYTES) {
    signal?.throwIfAborted();
    const group = await supply.take(Math.min(LOADED_AT_ONCE, size - items.length), items.length === 0);
    if (group.length === 0) break;
    const loaded = await load(group);
    items.push(...group);
    images.push(...loaded);
    bytes += loaded.flatMap((image) => image ?? []).reduce((sum, { data }) => sum + data.length, 0);
  }
  return { items, images };
}
