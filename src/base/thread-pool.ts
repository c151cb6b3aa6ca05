import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { threadProgram } from './package-root.js';

/** More threads than this only wait for the file system. */
const MOST_THREADS = 4;
/** Requests under way for each thread: it finds the next one when it has answered one, though the caller be busy. */
const AHEAD = 2;

export interface ThreadPoolOptions {
  /** Threads that may run at once, if the machine has as many cores. */
  most?: number;
  /** The caller has as much to do itself meanwhile: one core is left to it. */
  callerWorks?: boolean;
  /** Handed to every thread when it starts. */
  workerData?: unknown;
}

/** Who waits for the result of a request. */
interface Waiting<Result> {
  readonly answer: (result: Result) => void;
  readonly fail: (reason: Error) => void;
}

/**
 * Threads that run one program (`dist/threads/<name>.cjs`), which answers each request with one message, in order. A thread
 * is started when all others are busy. End them with `close`.
 */
export class ThreadPool<Request, Result> {
  readonly #program: string;
  readonly #workerData: unknown;
  readonly #threads: Thread<Request, Result>[] = [];
  /** Threads that are worth starting. One alone would only be somebody else to wait for, unless the caller works too; 0 if none is. */
  readonly most: number;

  constructor(
    program: string,
    { most = MOST_THREADS, callerWorks = false, workerData }: ThreadPoolOptions = {},
  ) {
    this.#program = program;
    this.#workerData = workerData;
    this.most = Math.min(most, availableParallelism() - (callerWorks ? 1 : 0));
  }

  /** True if all threads that are worth starting have enough to do, as they have where none is. */
  get isBusy(): boolean {
    return this.#threads.reduce((sum, { waiting }) => sum + waiting, 0) >= this.most * AHEAD;
  }

  /** Rejects if the thread ends or throws. */
  run(request: Request): Promise<Result> {
    return this.#idlest().run(request);
  }

  /** Waits for what has begun, then ends the threads. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.splice(0).map((thread) => thread.close()));
  }

  #idlest(): Thread<Request, Result> {
    const idle = this.#threads.find(({ waiting }) => waiting === 0);
    if (idle) return idle;
    if (this.#threads.length < this.most) {
      const thread = new Thread<Request, Result>(this.#program, this.#workerData);
      this.#threads.push(thread);
      return thread;
    }
    return this.#threads.reduce((best, each) => (each.waiting < best.waiting ? each : best));
  }
}

/** One thread, and what it was asked for. */
class Thread<Request, Result> {
  readonly #worker: Worker;
  readonly #waiting: Waiting<Result>[] = [];
  #last: Promise<unknown> = Promise.resolve();

  constructor(program: string, workerData: unknown) {
    this.#worker = new Worker(threadProgram(program), {
      workerData,
      resourceLimits: { maxYoungGenerationSizeMb: 8 },
    });
    this.#worker.on('message', (result: Result) => this.#waiting.shift()?.answer(result));
    this.#worker.on('error', (error) => {
      this.#giveUp(error);
    });
    this.#worker.on('exit', () => {
      this.#giveUp(new Error(`the thread ${program} ended`));
    });
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  run(request: Request): Promise<Result> {
    const result = new Promise<Result>((answer, fail) => {
      this.#waiting.push({ answer, fail });
      this.#worker.postMessage(request);
    });
    this.#last = result.catch(() => undefined);
    return result;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#worker.terminate();
  }

  #giveUp(reason: Error): void {
    for (const { fail } of this.#waiting.splice(0)) fail(reason);
  }
}
