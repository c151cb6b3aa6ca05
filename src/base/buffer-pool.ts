import { FairSlots } from './fair-slots.js';

const WASM_PAGE_BYTES = 64 * 1024;

/**
 * At most so many buffers at once, used again and again: large buffers that come and go are collected late, and memory then
 * grows with what was moved rather than with what is on its way. Handed over first come first served. Each begins where a page of
 * memory does, as what is written past the system's cache must.
 */
export class BufferPool {
  /** How many may be in use at once. */
  readonly count: number;
  readonly #shared: boolean;
  readonly #slots: FairSlots;
  readonly #free: Buffer[] = [];

  /** `shared`: other threads read them where they lie. */
  constructor(count: number, { shared = false }: { shared?: boolean } = {}) {
    this.count = count;
    this.#shared = shared;
    this.#slots = new FairSlots(count);
  }

  /** Runs `work` with a buffer of exactly so many bytes, whatever is in them, that is its own until it ends. */
  use<T>(bytes: number, work: (buffer: Buffer) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#slots.use(async () => {
      const free = this.#free.pop();
      const buffer = free && free.length >= bytes ? free : newPages(bytes, this.#shared);
      try {
        return await work(buffer.subarray(0, bytes));
      } finally {
        this.#free.push(buffer);
      }
    }, signal);
  }
}

/** Only memory for WebAssembly is sure to begin with a page. */
function newPages(bytes: number, shared: boolean): Buffer {
  const pages = Math.max(1, Math.ceil(bytes / WASM_PAGE_BYTES));
  const descriptor = { initial: pages, maximum: pages, shared };
  return Buffer.from(new WebAssembly.Memory(descriptor).buffer);
}
