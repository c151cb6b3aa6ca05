import { resolve } from 'node:path';
import { addAbortSignal, type Readable } from 'node:stream';
import type { NamedImage } from './list-images.js';
import type { Supply } from './supply.js';

/** What is told of the images whose list is read. */
interface ListPlace {
  /** Where relative paths start. */
  cwd: string;
  signal?: AbortSignal | undefined;
}

/**
 * The images of a list that may still be being written: one path a line, or with a NUL behind each (as `find -print0` writes them, for names with
 * line breaks), which is decided by what comes first. They are opened later: what is missing is told as an image that cannot be read.
 * Empty lines mean nothing. No more of the list is read ahead than a piece of it.
 */
export class ListedImages implements Supply<NamedImage> {
  readonly total = undefined;
  readonly #cwd: string;
  readonly #signal: AbortSignal | undefined;
  readonly #pieces: AsyncIterator<string, undefined>;
  #known: NamedImage[] = [];
  #taken = 0;
  #rest = '';
  #separator: RegExp | string | undefined;
  #reading: Promise<void> | undefined;
  #ended = false;

  constructor(list: Readable, { cwd, signal }: ListPlace) {
    this.#cwd = cwd;
    this.#signal = signal;
    list.setEncoding('utf8');
    // A list that nobody writes on is not waited for once the command is to stop.
    if (signal) addAbortSignal(signal, list);
    this.#pieces = list[Symbol.asyncIterator]() as AsyncIterator<string, undefined>;
  }

  async take(most: number, wait: boolean): Promise<readonly NamedImage[]> {
    if (this.#isEmpty) {
      const reading = this.#readOn();
      if (!wait) return [];
      await reading;
    }
    const next = this.#known.slice(this.#taken, this.#taken + most);
    this.#taken += next.length;
    return next;
  }

  get #isEmpty(): boolean {
    return this.#taken === this.#known.length;
  }

  /** Until at least one more is known, or the list has ended. */
  #readOn(): Promise<void> {
    if (this.#ended) return Promise.resolve();
    this.#reading ??= this.#readPieces().finally(() => {
      this.#reading = undefined;
    });
    // Whoever waits for it is told of a failure.
    this.#reading.catch(() => undefined);
    return this.#reading;
  }

  async #readPieces(): Promise<void> {
    while (this.#isEmpty && !this.#ended) {
      const piece = await this.#nextPiece();
      this.#ended = piece === undefined;
      this.#rest += piece ?? '';
      this.#separator ??= this.#rest.includes('\0') ? '\0' : /\r?\n/;
      const names = this.#rest.split(this.#separator);
      this.#rest = this.#ended ? '' : names.pop()!;
      const named = names.filter((name) => name !== '');
      this.#known = named.map((name) => ({ file: resolve(this.#cwd, name), name }));
      this.#taken = 0;
    }
  }

  async #nextPiece(): Promise<string | undefined> {
    try {
      const { value, done } = await this.#pieces.next();
      return done === true ? undefined : value;
    } catch (error) {
      this.#signal?.throwIfAborted();
      throw error;
    }
  }
}
