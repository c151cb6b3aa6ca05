import { availableParallelism } from 'node:os';
import { OcrpipeError } from '../../base/errors.js';
import type { EventSink } from '../../base/events.js';
import { inParallel } from '../../base/in-parallel.js';
import { threadProgram } from '../../base/package-root.js';
import { loadImage, type LoadOptions, type Pixels } from '../images/load.js';
import { isUnreadable } from '../images/unreadable.js';
import { errorOf } from '../loading/error-parts.js';
import { WatchedThreads, type Patience } from '../loading/watched-threads.js';
import type { ReadingAnswer, ReadingRequest } from './answer-reading.js';
import type { NamedImage } from './list-images.js';

/** Images of one request to a thread. */
const READ_TOGETHER = 8;
/** So many images are read without threads first: a thread takes longer to start. */
const READ_HERE = 64;
/** Files open at once without threads. */
const OPEN_AT_ONCE = 16;
/** More threads than this wait for the memory and the disk. */
const MOST_THREADS = 8;
const PATIENCE: Patience = { tellMs: 30_000, giveUpMs: 300_000 };

/** The pixels of an image, or why it cannot be read. */
export type ReadImage = Pixels | OcrpipeError;

export interface ReaderOptions {
  events: EventSink;
  signal?: AbortSignal | undefined;
  /** For tests: how long one image may take. */
  patience?: Patience | undefined;
  /** For tests: images that are read without threads. */
  readHere?: number | undefined;
}

/**
 * Reads and scales images for a model: a few of them here, many on watched threads, beside whatever the caller does. An image that takes
 * its thread with it, or holds it for ever, is one that cannot be read. End it with `close`.
 */
export class ImageReader {
  readonly #load: LoadOptions;
  readonly #options: ReaderOptions;
  #here: number;
  #threads: WatchedThreads<ReadingRequest, ReadingAnswer> | undefined;

  constructor(load: LoadOptions, options: ReaderOptions) {
    this.#load = load;
    this.#options = options;
    this.#here = options.readHere ?? READ_HERE;
  }

  /** One result an image, in their order. */
  async read(images: readonly NamedImage[]): Promise<ReadImage[]> {
    // Images that come one by one are waited for one by one: another thread would only be further away.
    if (this.#here > 0 || images.length < READ_TOGETHER) return this.#readHere(images);
    const { signal } = this.#options;
    const groups = grouped(images);
    const read = await inParallel(groups, groups.length, (group) => this.#readThere(group), signal);
    return read.flat();
  }

  /** Somebody waits for what is being read: one thread more, if that helps. */
  hurry(): void {
    this.#threads?.hurry();
  }

  async close(): Promise<void> {
    await this.#threads?.close();
  }

  #readHere(images: readonly NamedImage[]): Promise<ReadImage[]> {
    this.#here -= images.length;
    return inParallel(images, OPEN_AT_ONCE, (image) => this.#readOne(image), this.#options.signal);
  }

  async #readOne({ file, name }: NamedImage): Promise<ReadImage> {
    try {
      return await loadImage(file, this.#load, name);
    } catch (error) {
      if (isUnreadable(error)) return error;
      throw error;
    }
  }

  async #readThere(images: readonly NamedImage[]): Promise<ReadImage[]> {
    if (images.length === 0) return [];
    const names = images.map(({ name }) => name);
    try {
      this.#threads ??= this.#start();
      return unpacked(await this.#threads.run(images, names));
    } catch (error) {
      const at = error instanceof OcrpipeError ? names.indexOf(error.location?.file ?? '') : -1;
      if (at < 0) throw error;
      const before = await this.#readThere(images.slice(0, at));
      return [...before, error as OcrpipeError, ...(await this.#readThere(images.slice(at + 1)))];
    }
  }

  #start(): WatchedThreads<ReadingRequest, ReadingAnswer> {
    const { events, patience = PATIENCE } = this.#options;
    const program = threadProgram('image-reader-worker');
    const most = Math.min(MOST_THREADS, availableParallelism());
    return new WatchedThreads({ program, data: this.#load, most, patience, events });
  }
}

function grouped(images: readonly NamedImage[]): NamedImage[][] {
  const count = Math.ceil(images.length / READ_TOGETHER);
  return Array.from({ length: count }, (_, group) =>
    images.slice(group * READ_TOGETHER, (group + 1) * READ_TOGETHER),
  );
}

function unpacked({ images, pixels }: ReadingAnswer): ReadImage[] {
  let at = 0;
  return images.map((image) => {
    if ('code' in image) return errorOf(image);
    const data = new Uint8Array(pixels, at, image.heightPx * image.widthPx * image.channels);
    at += data.length;
    return { data, ...image };
  });
}
