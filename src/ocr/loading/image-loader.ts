import { availableParallelism } from 'node:os';
import { OcrpipeError } from '../../base/errors.js';
import type { EventSink } from '../../base/events.js';
import { inParallel } from '../../base/in-parallel.js';
import { threadProgram } from '../../base/package-root.js';
import { PackedStrings } from '../../base/packed-strings.js';
import type { AugmentConfig } from '../images/augment-config.js';
import type { FittedOptions, Pixels } from '../images/load.js';
import type { Frame } from '../images/pack-images.js';
import { errorOf } from './error-parts.js';
import type { KnownImages } from './known-images.js';
import type {
  BatchAnswer,
  CheckAnswer,
  CheckRequest,
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

/** How images are checked. */
export interface CheckOptions {
  /** Told how many there are. */
  onDone: (done: number) => void;
  signal: AbortSignal | undefined;
  /** Those that need not be decoded; what is decoded is added. */
  known?: KnownImages | undefined;
}

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
  readonly #files = new PackedStrings();
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

  /** Decodes images that are not known, and remembers those that can be read. One result a file, in their order. */
  async check(files: readonly string[], { onDone, signal, known }: CheckOptions): Promise<Found[]> {
    const starts: number[] = [];
    for (let start = 0; start < files.length; start += CHECKED_TOGETHER) starts.push(start);
    let done = 0;
    this.#threads.use(Math.min(this.#most, starts.length));
    const checked = await inParallel(
      starts,
      2 * this.#most,
      async (start) => {
        const group = files.slice(start, start + CHECKED_TOGETHER);
        const found = await this.#checkGroup(group, known);
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
  async #checkGroup(files: readonly string[], known: KnownImages | undefined): Promise<Found[]> {
    if (files.length === 0) return [];
    const keep = this.#bytes < this.#options.limitBytes;
    try {
      const answer = await this.#threads.run(
        { kind: 'check', files, keep, known: known && askedOf(files, known) },
        files,
      );
      return this.#remember(files, answer as CheckAnswer, known);
    } catch (error) {
      const at = error instanceof OcrpipeError ? files.indexOf(error.location?.file ?? '') : -1;
      if (at < 0) throw error;
      const before = await this.#checkGroup(files.slice(0, at), known);
      return [...before, error as OcrpipeError, ...(await this.#checkGroup(files.slice(at + 1), known))];
    }
  }

  #remember(
    files: readonly string[],
    { images, pixels }: CheckAnswer,
    known: KnownImages | undefined,
  ): Found[] {
    const kept = pixels && this.#bytes + pixels.byteLength <= this.#options.limitBytes ? pixels : undefined;
    this.#bytes += kept?.byteLength ?? 0;
    return images.map((found, item) => {
      if ('code' in found) return errorOf(found);
      const { widthPx, id, offset } = found;
      const file = files[item]!;
      known?.note(file, found);
      const own = offset === undefined ? undefined : kept;
      return { image: this.#add({ file, widthPx, kept: own, offset: offset ?? 0 }), widthPx, id };
    });
  }

  #add(of: {
    file: string;
    widthPx: number;
    kept: SharedArrayBuffer | undefined;
    offset: number;
  }): ImageNumber {
    this.#widthsPx.push(of.widthPx);
    this.#kept.push(of.kept);
    this.#offsets.push(of.offset);
    return this.#files.push(of.file);
  }

  /** Keeps pixels that were decoded after the check, while memory is left. */
  #keep(pixels: SharedArrayBuffer, images: readonly { image: ImageNumber; offset: number }[]): void {
    if (images.length === 0 || this.#bytes + pixels.byteLength > this.#options.limitBytes) return;
    this.#bytes += pixels.byteLength;
    for (const { image, offset } of images) {
      this.#kept[image] = pixels;
      this.#offsets[image] = offset;
    }
  }

  /** Where an image is. */
  file(image: ImageNumber): string {
    return this.#files.get(image);
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
    const { pixels } = answer as LoadAnswer;
    if (source.keep) this.#keep(sharedCopy(pixels), [{ image, offset: 0 }]);
    return { data: pixels, ...shape };
  }

  /** The images of one training step, varied and packed: one array a part. What each looks like depends on the seed and its place alone. */
  async batch(parts: readonly { images: readonly VariedImage[]; frame: Frame }[]): Promise<Float32Array[]> {
    const wanted = parts.map(({ images, frame }) => ({
      images: images.map(({ image, streams }) => ({ source: this.#source(image), streams })),
      frame,
    }));
    const files = wanted.flatMap(({ images }) => images.map(({ source }) => source.file));
    const answer = await this.#threads.run({ kind: 'batch', parts: wanted }, files);
    const { parts: packed, decoded } = answer as BatchAnswer;
    const images = parts.flatMap((part) => part.images.map(({ image }) => image));
    this.#keep(
      decoded.pixels,
      decoded.items.map(({ item, offset }) => ({ image: images[item]!, offset })),
    );
    return packed;
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
    const { options, limitBytes } = this.#options;
    const { heightPx } = options.fit;
    const widthPx = this.#widthsPx[image]!;
    return {
      file: this.file(image),
      heightPx,
      widthPx,
      kept: pixels && { pixels, offset: this.#offsets[image]! },
      keep: !pixels && this.#bytes + heightPx * widthPx * options.channels <= limitBytes,
    };
  }
}

function sharedCopy(pixels: Uint8Array): SharedArrayBuffer {
  const shared = new Uint8Array(new SharedArrayBuffer(pixels.length));
  shared.set(pixels);
  return shared.buffer;
}

function askedOf(files: readonly string[], known: KnownImages): CheckRequest['known'] {
  return { before: files.map((file) => known.find(file)), settledMs: known.settledMs };
}
