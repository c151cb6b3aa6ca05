/** So much is written before a disk is judged. */
const JUDGED_BYTES = 8 * 1024 * 1024;
/** What was written long ago counts less than what was written last. */
const RECENT_BYTES = 256 * 1024 * 1024;
/** Bytes a millisecond. Below that, who waits for the disk waits longer than it takes to write to the cache. */
const QUICK = 250_000;

/** How fast a disk takes in what is written past the system's cache, by several writers perhaps. */
export class DiskSpeed {
  readonly #now: () => number;
  #bytes = 0;
  #busyMs = 0;
  /** Writes under way, and since when there have been any. */
  #writing = 0;
  #since = 0;

  /** `now`: milliseconds by a clock that only runs forward. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** True of a disk of which little is known. */
  get isQuick(): boolean {
    return this.#bytes < JUDGED_BYTES || this.#bytes >= QUICK * this.#busyMs;
  }

  /** Counts a write, which returns how many bytes it wrote. */
  async measured(write: () => Promise<number>): Promise<number> {
    if (this.#writing === 0) this.#since = this.#now();
    this.#writing += 1;
    try {
      const bytes = await write();
      this.#bytes += bytes;
      return bytes;
    } finally {
      this.#writing -= 1;
      this.#count();
    }
  }

  #count(): void {
    const now = this.#now();
    this.#busyMs += now - this.#since;
    this.#since = now;
    if (this.#bytes < RECENT_BYTES) return;
    this.#bytes /= 2;
    this.#busyMs /= 2;
  }
}
