import { availableParallelism } from 'node:os';
import { OcrpipeError } from '../../base/errors.js';
import type { EventSink } from '../../base/events.js';
import { inParallel } from '../../base/in-parallel.js';
import { threadProgram } from '../../base/package-root.js';
import type { AugmentConfig } from '../images/augment-config.js';
import type { FittedOptions, Pixels } from '../images/load.js';
import type { Frame } from '../images/pack-images.js';
import { errorOf } from './error-parts.js';
import type {
  BatchAnswer,
  CheckAnswer,
  CheckedImage,
  ImageSource,
  LoadAnswer,
  LoaderAnswer,
  LoaderData,
  LoaderRequest,
} from './loader-protocol.js';
import { WatchedThreads, type Patience } from './watched-threads.js';

/** Images of one request of a check. */
const CHECKED_TOGETHER = 32;
/** More threads than this wait for the memory and the disk. */
const MOST_THREADS = 8;
const PATIENCE: Patience = { tellMs: 30_000, giveUpMs: 300_000 };

export interface ImageLoaderOptions {
  options: FittedOptions;
  augment: AugmentConfig;
  /** Of augmentation. */
  seed: number;
  /** Memory for decoded images. */
  limitBytes: number;
  /** Threads at the most; default: as many as the machine has cores, up to 8. As few are used as keep up. */
  threads?: number | undefined;
  /** For tests: how long one image may take. */
  patience?: Patience | undefined;
  events: EventSink;
}

/** An image that the loader knows: its number, counted from 0 over all checks. */
export type ImageNumber = number;

/** What a check found out about one image. */
export type Found = (Pick<CheckedImage, 'widthPx' | 'id'> & { image: ImageNumber }) | OcrpipeError;

/** The place of one image in a batch. */
export interface VariedImage {
  image: ImageNumber;
  /** Names, under the seed, of the random numbers that vary it. */
  streams: readonly number[];
}

/**
 * Reads, varies and packs images on other threads. Images are checked first, which decodes each to its end and keeps as many as memory
 * is allowed for; the others are decoded again whenever they are asked for. End it with `close`.
 */
export class ImageLoader {
  readonly #options: ImageLoaderOptions;
  readonly #threads: WatchedThreads<LoaderRequest, LoaderAnswer>;
  readonly #most: number;
  // One entry an image, in plain numbers: there may be very many.
  readonly #files: string[] = [];
  readonly #widthsPx: number[] = [];
  readonly #kept: (SharedArrayBuffer | undefined)[] = [];
  readonly #offsets: number[] = [];
  #bytes = 0;

  constructor(given: ImageLoaderOptions) {
    const { options, augment, seed, events, patience = PATIENCE } = given;
    this.#options = given;
    this.#most = given.threads ?? Math.min(MOST_THREADS, availableParallelism());
    const data: LoaderData = { options, augment, seed };
    const program = threadProgram('image-loader-worker');
    this.#threads = new WatchedThreads({ program, data, most: this.#most, patience, events });
  }

  /** Decodes images and remembers those that can be read. One result a file, in their order; `onDone` is told how many there are. */
  async check(
    files: readonly string[],
    { onDone, signal }: { onDone: (done: number) => void; signal: AbortSignal | undefined },
  ): Promise<Found[]> {
    const starts: number[] = [];
    for (let start = 0; start < files.length; start += CHECKED_TOGETHER) starts.push(start);
    let done = 0;
    this.#threads.use(Math.min(this.#most, starts.length));
    const checked = await inParallel(
      starts,
      2 * this.#most,
      async (start) => {
        const group = files.slice(start, start + CHECKED_TOGETHER);
        const found = await this.#checkGroup(group);
        done += group.length;
        onDone(done);
        return found;
      },
      signal,
    );
    this.#threads.use(1);
    return checked.flat();
  }

  /** An image that takes its thread with it, or holds it for ever, is one that cannot be read: the others of its group are checked without it. */
  async #checkGroup(files: readonly string[]): Promise<Found[]> {
    if (files.length === 0) return [];
    const keep = this.#bytes < this.#options.limitBytes;
    try {
      const answer = await this.#threads.run({ kind: 'check', files, keep }, files);
      return this.#remember(files, answer as CheckAnswer);
    } catch (error) {
      const at = error instanceof OcrpipeError ? files.indexOf(error.location?.file ?? '') : -1;
      if (at < 0) throw error;
      const before = await this.#checkGroup(files.slice(0, at));
      return [...before, error as OcrpipeError, ...(await this.#checkGroup(files.slice(at + 1)))];
    }
  }

  #remember(files: readonly string[], { images, pixels }: CheckAnswer): Found[] {
    const kept = pixels && this.#bytes + pixels.byteLength <= this.#options.limitBytes ? pixels : undefined;
    this.#bytes += kept?.byteLength ?? 0;
    return images.map((found, item) => {
      if ('code' in found) return errorOf(found);
      const image = this.#files.push(files[item]!) - 1;
      this.#widthsPx.push(found.widthPx);
      this.#kept.push(kept);
      this.#offsets.push(found.offset);
      return { image, widthPx: found.widthPx, id: found.id };
    });
  }

  /** One image as it is. Throws what reading it throws, and `image-changed`. */
  async load(image: ImageNumber): Promise<Pixels> {
    const source = this.#source(image);
    const { heightPx, widthPx, kept } = source;
    const { channels } = this.#options.options;
    const shape = { heightPx, widthPx, channels };
    if (kept) {
      const bytes = heightPx * widthPx * channels;
      return { data: new Uint8Array(kept.pixels, kept.offset, bytes), ...shape };
    }
    const answer = await this.#threads.run({ kind: 'load', source }, [source.file]);
    return { data: (answer as LoadAnswer).pixels, ...shape };
  }

  /** The images of one training step, varied and packed: one array a part. What each looks like depends on the seed and its place alone. */
  async batch(parts: readonly { images: readonly VariedImage[]; frame: Frame }[]): Promise<Float32Array[]> {
    const wanted = parts.map(({ images, frame }) => ({
      images: images.map(({ image, streams }) => ({ source: this.#source(image), streams })),
      frame,
    }));
    const files = wanted.flatMap(({ images }) => images.map(({ source }) => source.file));
    const answer = await this.#threads.run({ kind: 'batch', parts: wanted }, files);
    return (answer as BatchAnswer).parts;
  }

  /** Batches that keep the threads busy while one is computed with. */
  get ahead(): number {
    return 2 * this.#threads.used + 2;
  }

  /** A batch is waited for. */
  hurry(): void {
    this.#threads.hurry();
  }

  close(): Promise<void> {
    return this.#threads.close();
  }

  #source(image: ImageNumber): ImageSource {
    const pixels = this.#kept[image];
    return {
      file: this.#files[image]!,
      heightPx: this.#options.options.fit.heightPx,
      widthPx: this.#widthsPx[image]!,
      kept: pixels && { pixels, offset: this.#offsets[image]! },
    };
  }
}
