const BYTES_AT = 0;
const STOP_AT = 1;

/** How work is followed and ended from outside. */
export interface Watch {
  /** Asked now and then; true ends the work. */
  stopped: () => boolean;
  /** Told how many more bytes were read. */
  onBytes: (bytes: number) => void;
}

/** A watch over work on several threads: they share its memory, so that one of them can be ended in the middle of a file. */
export class SharedWatch implements Watch {
  readonly memory: SharedArrayBuffer;
  readonly #cells: BigInt64Array;

  constructor(memory = new SharedArrayBuffer(2 * BigInt64Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#cells = new BigInt64Array(memory);
  }

  readonly stopped = (): boolean => Atomics.load(this.#cells, STOP_AT) !== 0n;

  readonly onBytes = (bytes: number): void => {
    Atomics.add(this.#cells, BYTES_AT, BigInt(bytes));
  };

  /** Bytes read so far, by all threads. */
  get bytes(): number {
    return Number(Atomics.load(this.#cells, BYTES_AT));
  }

  /** Ends all the work that goes on. */
  stop(): void {
    Atomics.store(this.#cells, STOP_AT, 1n);
  }
}
