/** Bytes that are reserved at a time. */
const PAGE_BYTES = 256 * 1024;
/** Before each string stands how many bytes it has. */
const LENGTH_BYTES = 4;

/**
 * A list of very many strings, held as UTF-8 in few buffers: a third of what they take by themselves, and nothing that a garbage
 * collector has to go through. Half of a surrogate pair, which UTF-8 cannot hold, comes back as U+FFFD.
 */
export class PackedStrings {
  /** A string that is too long for a page has one of its own. */
  readonly #pages: Buffer[] = [];
  /** Bytes of the last page that are in use. */
  #used = 0;
  /** Where each string is: the number of its page times `PAGE_BYTES`, and its place in that page. */
  readonly #places: number[] = [];

  get length(): number {
    return this.#places.length;
  }

  /** Adds a string; gives its index. */
  push(text: string): number {
    const bytes = Buffer.byteLength(text);
    const page = this.#pageFor(LENGTH_BYTES + bytes);
    page.writeUInt32LE(bytes, this.#used);
    page.write(text, this.#used + LENGTH_BYTES);
    this.#places.push((this.#pages.length - 1) * PAGE_BYTES + this.#used);
    this.#used += LENGTH_BYTES + bytes;
    return this.#places.length - 1;
  }

  /** Throws a RangeError where there is no string of this index. */
  get(index: number): string {
    const place = this.#places[index];
    if (place === undefined) throw new RangeError(`there is no string ${index} among ${this.length}`);
    const page = this.#pages[Math.floor(place / PAGE_BYTES)]!;
    const start = (place % PAGE_BYTES) + LENGTH_BYTES;
    return page.toString('utf8', start, start + page.readUInt32LE(start - LENGTH_BYTES));
  }

  /** The last page, or a new one where that has not so many bytes left. */
  #pageFor(bytes: number): Buffer {
    const last = this.#pages.at(-1);
    if (last && this.#used + bytes <= last.length) return last;
    this.#used = 0;
    const page = Buffer.allocUnsafeSlow(Math.max(bytes, PAGE_BYTES));
    this.#pages.push(page);
    return page;
  }
}
