import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { builtFile } from '../../base/package-root.js';
import { placeFiles, type PlaceRequest, type PlaceResult } from './place-files.js';

/** More threads than this only wait for the file system. */
const MOST_THREADS = 4;
/** So many files are written by the calling thread before others are started. */
const FEW_FILES = 1000;

/** Who waits for the result of a request. */
interface Waiting {
  readonly answer: (result: PlaceResult) => void;
  readonly fail: (reason: Error) => void;
}

/** Writes files on other threads as soon as there are many. End it with `close`. */
export class PlacingThreads {
  readonly #threads: Thread[] = [];
  readonly #most = Math.min(MOST_THREADS, availableParallelism());
  #files = 0;

  /** A promise where another thread does the work. */
  place(request: PlaceRequest): PlaceResult | Promise<PlaceResult> {
    this.#files += request.paths.length;
    if (this.#most < 2 || this.#files <= FEW_FILES) return placeFiles(request);
    return this.#idlest().place(request);
  }

  /** Waits for what has begun, then ends the threads. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  #idlest(): Thread {
    const idle = this.#threads.find(({ waiting }) => waiting === 0);
    if (idle) return idle;
    if (this.#threads.length < this.#most) {
      const thread = new Thread();
      this.#threads.push(thread);
      return thread;
    }
    return this.#threads.reduce((best, each) => (each.waiting < best.waiting ? each : best));
  }
}

/** One thread, and what it was asked for. */
class Thread {
  readonly #worker = new Worker(builtFile('threads/place-files-worker.js'));
  readonly #waiting: Waiting[] = [];
  #last: Promise<unknown> = Promise.resolve();

  constructor() {
    this.#worker.on('message', (result: PlaceResult) => this.#waiting.shift()?.answer(result));
    this.#worker.on('error', (error) => {
      this.#giveUp(error);
    });
    this.#worker.on('exit', () => {
      this.#giveUp(new Error('a thread that writes files ended'));
    });
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  place(request: PlaceRequest): Promise<PlaceResult> {
    const placed = new Promise<PlaceResult>((answer, fail) => {
      this.#waiting.push({ answer, fail });
      this.#worker.postMessage(request);
    });
    this.#last = placed.catch(() => undefined);
    return placed;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#worker.terminate();
  }

  #giveUp(reason: Error): void {
    for (const { fail } of this.#waiting.splice(0)) fail(reason);
  }
}
