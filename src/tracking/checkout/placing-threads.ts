import { SharedWatch } from '../../base/shared-watch.js';
import { ThreadPool } from '../../base/thread-pool.js';
import type { FileStat } from '../scan/stat-index-format.js';
import type { CopyRequest } from './copy-object.js';
import { placeFiles, WINDOW_BYTES, type PlaceRequest, type PlaceResult } from './place-files.js';

/** So many small files are written, or bytes copied, by the calling thread before others are started. */
const FEW_FILES = 1000;
const FEW_BYTES = 16 * 1024 * 1024;

/**
 * Writes files on other threads as soon as there are many; the calling thread writes small ones as well where it would only wait for
 * them. End it with `close`.
 */
export class PlacingThreads {
  readonly #watch = new SharedWatch();
  readonly #small = new ThreadPool<PlaceRequest, PlaceResult>('place-files-worker', { callerWorks: true });
  readonly #large = new ThreadPool<CopyRequest, FileStat | undefined>('copy-object-worker', {
    workerData: this.#watch.memory,
  });
  #window: Buffer | undefined;
  #files = 0;
  #bytes = 0;

  /** A promise where another thread does the work. */
  place(request: PlaceRequest): PlaceResult | Promise<PlaceResult> {
    this.#files += request.paths.length;
    if (this.#files <= FEW_FILES || this.#small.isBusy)
      return placeFiles(request, (this.#window ??= Buffer.allocUnsafe(WINDOW_BYTES)));
    return this.#small.run(request);
  }

  /**
   * The stat of a new file of so many bytes; undefined, and there is none, where it could not be made: whoever tries it again
   * alone learns why. No promise where other threads are not worth it.
   */
  copy(request: CopyRequest, size: number): Promise<FileStat | undefined> | undefined {
    this.#bytes += size;
    return this.#large.most >= 2 && this.#bytes > FEW_BYTES ? this.#large.run(request) : undefined;
  }

  /** Waits for small files that have begun, gives large ones up, then ends the threads. */
  async close(): Promise<void> {
    this.#watch.stop();
    await Promise.all([this.#small.close(), this.#large.close()]);
  }
}
