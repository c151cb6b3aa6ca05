import { PackedStrings } from '../../base/packed-strings.js';
import type { ImageNumber } from '../loading/image-loader.js';

/** A label and an image that was seen to be readable. */
export interface CheckedSample {
  /** The image as its manifest names it. */
  name: string;
  /** NFC. */
  text: string;
  /** Where its manifest states it, as of `Sample`. */
  line?: number;
  /** Time steps of its image, and the pixels of width that they take. */
  steps: number;
  filledPx: number;
  /** Of its image in the loader. */
  image: ImageNumber;
}

/** In place of a line where there is none. */
const NO_LINE = 0;

/** Checked samples in their order, held in few arrays: a data set may have very many. A sample is put together when it is asked for. */
export class SampleTable implements Iterable<CheckedSample> {
  readonly #names = new PackedStrings();
  readonly #texts = new PackedStrings();
  readonly #lines: number[] = [];
  readonly #steps: number[] = [];
  readonly #filledPx: number[] = [];
  readonly #images: ImageNumber[] = [];

  get length(): number {
    return this.#images.length;
  }

  add({ name, text, line = NO_LINE, steps, filledPx, image }: CheckedSample): void {
    this.#names.push(name);
    this.#texts.push(text);
    this.#lines.push(line);
    this.#steps.push(steps);
    this.#filledPx.push(filledPx);
    this.#images.push(image);
  }

  /** Throws a RangeError where there is no sample of this index. */
  get(index: number): CheckedSample {
    const line = this.#lines[index];
    return {
      name: this.#names.get(index),
      text: this.#texts.get(index),
      ...(line === NO_LINE ? {} : { line: line! }),
      steps: this.#steps[index]!,
      filledPx: this.#filledPx[index]!,
      image: this.#images[index]!,
    };
  }

  *[Symbol.iterator](): Generator<CheckedSample> {
    for (let index = 0; index < this.length; index += 1) yield this.get(index);
  }

  /** The labels alone. */
  *texts(): Generator<string> {
    for (let index = 0; index < this.length; index += 1) yield this.#texts.get(index);
  }
}
