import { ThreadPool } from '../../base/thread-pool.js';
import { placeFiles, type PlaceRequest, type PlaceResult } from './place-files.js';

/** So many files are written by the calling thread before others are started. */
const FEW_FILES = 1000;

/** Writes files on other threads as soon as there are many. End it with `close`. */
export class PlacingThreads {
  readonly #pool = new ThreadPool<PlaceRequest, PlaceResult>('place-files-worker');
  #files = 0;

  /** A promise where another thread does the work. */
  place(request: PlaceRequest): PlaceResult | Promise<PlaceResult> {
    this.#files += request.paths.length;
    if (this.#pool.most < 2 || this.#files <= FEW_FILES) return placeFiles(request);
    return this.#pool.run(request);
  }

  /** Waits for what has begun, then ends the threads. */
  async close(): Promise<void> {
    await this.#pool.close();
  }
}
