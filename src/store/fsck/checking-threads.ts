import { SharedWatch } from '../../base/shared-watch.js';
import { ThreadPool } from '../../base/thread-pool.js';
import { checkInSteps, type FileReport } from './check-file.js';
import type { StoreFile } from './finding.js';

/** More threads than this only wait for the disk. */
const MOST_THREADS = 8;
/** What a thread must have to do for its start to be worth it, which takes as long as to hash a good part of it. */
const WORTH_A_THREAD_BYTES = 96 * 1024 * 1024;

/** Checks files of a store, several at once. End it with `close`. */
export class CheckingThreads {
  readonly watch = new SharedWatch();
  /** Files that are worth being given at once. */
  readonly atOnce: number;
  readonly #pool = new ThreadPool<StoreFile, FileReport>('check-file-worker', {
    most: MOST_THREADS,
    workerData: this.watch.memory,
  });

  /** `bytes`: what there is to check in all. */
  constructor(bytes: number) {
    this.atOnce = Math.max(1, Math.min(this.#pool.most, Math.floor(bytes / WORTH_A_THREAD_BYTES)));
  }

  /** At most `atOnce` files may be under way. */
  async check(file: StoreFile): Promise<FileReport> {
    if (this.atOnce > 1) return this.#pool.run(file);
    const steps = checkInSteps(file, this.watch);
    for (;;) {
      // So an abort is heard, and progress told, in the middle of a file too.
      await new Promise(setImmediate);
      const step = steps.next();
      if (step.done === true) return step.value;
    }
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }
}
