import { SharedWatch } from '../../base/shared-watch.js';
import { ThreadPool } from '../../base/thread-pool.js';
import { checkFile, type FileReport } from './check-file.js';
import type { StoreFile } from './finding.js';

/** More threads than this only wait for the disk. */
const MOST_THREADS = 8;
/** A store with fewer bytes is checked by the calling thread before others have started. */
const FEW_BYTES = 16 * 1024 * 1024;

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
    this.atOnce = bytes < FEW_BYTES ? 1 : this.#pool.most;
  }

  /** At most `atOnce` files may be under way. */
  async check(file: StoreFile): Promise<FileReport> {
    if (this.atOnce > 1) return this.#pool.run(file);
    // An abort is heard between two files only.
    await new Promise(setImmediate);
    return checkFile(file, this.watch);
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }
}
