/**
 * A pool of equal slots, handed over first come first served: a slot that is given back goes to whoever has waited longest,
 * and nobody who comes later can take it in between.
 */
export class FairSlots {
  private free: number;
  private readonly waiting: { take: () => void; leave: (reason: unknown) => void }[] = [];

  constructor(slots: number) {
    this.free = slots;
  }

  /** Runs `work` while it holds a slot. Rejects with the signal's reason if it aborts while still waiting. */
  async use<T>(work: () => Promise<T> | T, signal?: AbortSignal): Promise<T> {
    await this.acquire(signal);
    try {
      return await work();
    } finally {
      this.release();
    }
  }

  private acquire(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.free > 0) {
      this.free -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.waiting.splice(this.waiting.indexOf(entry), 1);
        entry.leave(signal?.reason);
      };
      const entry = {
        take: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
        leave: reject,
      };
      this.waiting.push(entry);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  private release(): void {
    const next = this.waiting.shift();
    if (next) next.take();
    else this.free += 1;
  }
}
