import { Worker } from 'node:worker_threads';
import { OcrpipeError } from '../../../base/errors.js';
import { threadProgram } from '../../../base/package-root.js';
import { kernelsByNumber, type KernelModule, type KernelName } from './kernel-module.js';
import { MOST_TASKS, TaskBoard, type TaskScratch } from './task-board.js';

/** What a thread is started with. */
export interface KernelWorkerData {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  board: SharedArrayBuffer;
  /** Counts from 1; thread 0 is the one that asks. */
  thread: number;
}

/** Megabytes of JavaScript heap that such a thread is given: it makes nothing but short lists of numbers. */
const THREAD_HEAP_MB = 8;

/** The kernels of one memory, run on several threads at once: the caller's own and others, which start at their first use. */
export class KernelThreads {
  readonly count: number;
  readonly #module: KernelModule;
  readonly #memory: WebAssembly.Memory;
  readonly #kernels: ReturnType<typeof kernelsByNumber>;
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #board = new TaskBoard();
  #started = false;

  /** `count` includes the caller's thread. */
  constructor(module: KernelModule, memory: WebAssembly.Memory, count: number) {
    this.count = count;
    this.#module = module;
    this.#memory = memory;
    this.#kernels = kernelsByNumber(module.kernels);
    this.#numbers = new Map(Object.keys(module.kernels).map((name, number) => [name, number]));
  }

  /**
   * Makes the calls, each once and in no order, and returns when all are done. None may write where another reads or writes.
   * Each gets its thread's part of the working memory as its last argument, if there is any.
   */
  run(name: KernelName, calls: readonly (readonly number[])[], scratch: TaskScratch): void {
    if (this.count === 1 || calls.length === 1) {
      const last = scratch.bytes > 0 ? [scratch.offset] : [];
      for (const values of calls) this.#module.kernels[name](...values, ...last);
      return;
    }
    this.#start();
    const kernel = this.#numbers.get(name)!;
    for (let first = 0; first < calls.length; first += MOST_TASKS) {
      const round = calls.slice(first, first + MOST_TASKS).map((values) => ({ kernel, values }));
      this.#board.publish(round, scratch);
      this.#board.work(0, (number, values) => this.#kernels[number]!(...values));
      if (!this.#board.finish()) throw new OcrpipeError('kernel-failed', `the kernel '${name}' failed`);
    }
  }

  #start(): void {
    if (this.#started) return;
    this.#started = true;
    for (let thread = 1; thread < this.count; thread++) {
      const { compiled: module } = this.#module;
      const workerData = { module, memory: this.#memory, board: this.#board.buffer, thread };
      const worker = new Worker(threadProgram('kernel-worker'), {
        workerData: workerData satisfies KernelWorkerData,
        resourceLimits: {
          maxYoungGenerationSizeMb: THREAD_HEAP_MB,
          maxOldGenerationSizeMb: 4 * THREAD_HEAP_MB,
        },
      });
      // One that cannot start takes no tasks: the others do them.
      worker.on('error', () => undefined);
      worker.unref();
    }
  }
}
