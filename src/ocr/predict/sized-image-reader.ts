import { OcrpipeError } from '../../base/errors.js';
import type { LoadOptions } from '../images/load.js';
import { ImageReader, type ReaderOptions } from './image-reader.js';
import type { NamedImage } from './list-images.js';
import type { SizedImage } from './recognise-together.js';

/** Reads each image at several sizes. End it with `close`. */
export class SizedImageReader {
  readonly #readers: readonly ImageReader[];

  constructor(sizes: readonly LoadOptions[], options: ReaderOptions) {
    this.#readers = sizes.map((size) => new ImageReader(size, options));
  }

  /** One result an image, in their order: the image at each size, or why it cannot be read at one. */
  async read(images: readonly NamedImage[]): Promise<(SizedImage | OcrpipeError)[]> {
    const bySize = await Promise.all(this.#readers.map((reader) => reader.read(images)));
    return images.map((_, index) => {
      const sizes = bySize.map((read) => read[index]!);
      return sizes.find((size) => size instanceof OcrpipeError) ?? (sizes as SizedImage);
    });
  }

  /** Somebody waits for what is being read. */
  hurry(): void {
    for (const reader of this.#readers) reader.hurry();
  }

  async close(): Promise<void> {
    await Promise.all(this.#readers.map((reader) => reader.close()));
  }
}
