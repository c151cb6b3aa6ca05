import { setTimeout as delay } from 'node:timers/promises';

/** Bytes that may go at once: smaller ones make an even stream, larger ones cost less. */
const PACED_BYTES = 64 * 1024;
/** Waits shorter than this are saved up: timers are no better. Milliseconds. */
const SHORTEST_WAIT_MS = 5;

/** Lets so many bytes a second go, over all transfers that share it, first come first served. */
export class Pace {
  readonly #bytesPerMs: number;
  /** When all that was let go so far has had its time, by a clock that only runs forward. */
  #busyUntil = 0;

  constructor(bytesPerSecond: number) {
    this.#bytesPerMs = bytesPerSecond / 1000;
  }

  /** Waits until these bytes may go; an aborted signal ends it with the signal's reason. */
  async take(bytes: number, signal?: AbortSignal): Promise<void> {
    const now = performance.now();
    const from = Math.max(now, this.#busyUntil);
    this.#busyUntil = from + bytes / this.#bytesPerMs;
    if (from - now < SHORTEST_WAIT_MS) return;
    try {
      await delay(from - now, undefined, signal ? { signal } : {});
    } catch (error) {
      throw signal?.aborted === true ? signal.reason : error;
    }
  }

  /** The same bytes, no faster. */
  async *stream(
    chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += PACED_BYTES) {
        const piece = chunk.subarray(at, at + PACED_BYTES);
        await this.take(piece.length, signal);
        yield piece;
      }
    }
  }
}
