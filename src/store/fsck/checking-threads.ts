import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { checkFile, type FileReport } from './check-file.js';
import type { StoreFile } from './finding.js';
import { SharedWatch } from './shared-watch.js';

/** More threads than this only wait for the disk. */
const MOST_THREADS = 8;
/** A store with fewer bytes is checked by the calling thread before others have started. */
const FEW_BYTES = 16 * 1024 * 1024;
const PROGRAM = new URL('./check-file-worker.js', import.meta.url);

/** Checks files of a store, several at once. End it with `close`. */
export class CheckingThreads {
  readonly watch = new SharedWatch();
  /** Files that are worth being given at once. */
  readonly atOnce: number;
  readonly #idle: Thread[] = [];
  readonly #all: Thread[] = [];

  /** `bytes`: what there is to check in all. */
  constructor(bytes: number) {
    const threads = Math.min(MOST_THREADS, availableParallelism());
    this.atOnce = bytes < FEW_BYTES || !existsSync(PROGRAM) ? 1 : threads;
  }

  /** At most `atOnce` files may be under way. */
  async check(file: StoreFile): Promise<FileReport> {
    if (this.atOnce === 1) {
      // An abort is heard between two files only.
      await new Promise(setImmediate);
      return checkFile(file, this.watch);
    }
    const thread = this.#idle.pop() ?? this.#start();
    const report = await thread.check(file);
    this.#idle.push(thread);
    return report;
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((thread) => thread.close()));
  }

  #start(): Thread {
    const thread = new Thread(this.watch.memory);
    this.#all.push(thread);
    return thread;
  }
}

/** One thread, asked for one file at a time. */
class Thread {
  readonly #worker: Worker;
  #waiting: { answer: (report: FileReport) => void; fail: (reason: Error) => void } | undefined;

  constructor(memory: SharedArrayBuffer) {
    this.#worker = new Worker(PROGRAM, { workerData: memory });
    this.#worker.on('message', (report: FileReport) => this.#waiting?.answer(report));
    this.#worker.on('error', (error) => this.#waiting?.fail(error));
    this.#worker.on('exit', () => this.#waiting?.fail(new Error('a thread that checks files ended')));
  }

  check(file: StoreFile): Promise<FileReport> {
    return new Promise((answer, fail) => {
      this.#waiting = { answer, fail };
      this.#worker.postMessage(file);
    });
  }

  async close(): Promise<void> {
    this.#waiting = undefined;
    await this.#worker.terminate();
  }
}
