import { FairSlots } from './fair-slots.js';

/**
 * At most so many buffers at once, used again and again: large buffers that come and go are collected late, and memory then
 * grows with what was moved rather than with what is on its way. Handed over first come first served.
 */
export class BufferPool {
  /** How many may be in use at once. */
  readonly count: number;
  readonly #slots: FairSlots;
  readonly #free: Buffer[] = [];

  constructor(count: number) {
    this.count = count;
    this.#slots = new FairSlots(count);
  }

  /** Runs `work` with a buffer of exactly so many bytes, whatever is in them, that is its own until it ends. */
  use<T>(bytes: number, work: (buffer: Buffer) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#slots.use(async () => {
      const free = this.#free.pop();
      const buffer = free && free.length >= bytes ? free : Buffer.allocUnsafeSlow(bytes);
      try {
        return await work(buffer.subarray(0, bytes));
      } finally {
        this.#free.push(buffer);
      }
    }, signal);
  }
}
