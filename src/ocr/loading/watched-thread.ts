import { Worker } from 'node:worker_threads';
import { errorOf } from './error-parts.js';
import { NOW_ITEM, NOW_REQUEST, type Reply, type WatchedThreadData } from './serve-requests.js';

/** A request, what it works on by name, and who waits for it. */
export interface Job<Request, Answer> {
  readonly request: Request;
  /** In the order in which the thread begins them. */
  readonly items: readonly string[];
  readonly answer: (answer: Answer) => void;
  readonly fail: (reason: Error) => void;
}

/** What a thread has not answered when it ended. */
export interface Remains<Request, Answer> {
  readonly reason: Error;
  /** In their order; the thread was at the first one. */
  readonly jobs: readonly Job<Request, Answer>[];
  /** The item of the first job that it was at, if it had begun any. */
  readonly item: string | undefined;
}

/** What a thread tells of. */
export interface ThreadListener<Request, Answer> {
  /** It has answered a request. */
  onFree: () => void;
  onEnd: (remains: Remains<Request, Answer>) => void;
}

/** Pixels lie outside of the heap: what needs more of it than this needs ever more. */
const RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 256 };

/** One thread, the jobs that it was given, and what it is at. */
export class WatchedThread<Request, Answer> {
  /** Counts from 1. */
  readonly number: number;
  readonly #worker: Worker;
  readonly #now = new Int32Array(new SharedArrayBuffer(8));
  readonly #listener: ThreadListener<Request, Answer>;
  #jobs: Job<Request, Answer>[] = [];
  #done = 0;
  #seen = '';
  /** Milliseconds that it has been at the same item, as far as anybody looked. */
  heldMs = 0;
  /** True once the hold was told. */
  told = false;

  constructor(
    start: { number: number; program: string; data: unknown },
    listener: ThreadListener<Request, Answer>,
  ) {
    this.number = start.number;
    this.#listener = listener;
    const workerData: WatchedThreadData = { data: start.data, now: this.#now };
    this.#worker = new Worker(start.program, { workerData, resourceLimits: RESOURCE_LIMITS });
    this.#worker.on('message', (reply: Reply<Answer>) => {
      this.#settle(reply);
    });
    this.#worker.on('error', (error) => {
      this.#end(error instanceof Error ? error : new Error(String(error)));
    });
    this.#worker.on('exit', (code) => {
      this.#end(new Error(`it ended with code ${code}`));
    });
  }

  /** Jobs that it has not answered. */
  get waiting(): number {
    return this.#jobs.length;
  }

  /** What it works on now; undefined between two items and before the first. */
  get item(): string | undefined {
    const isAtFirst = Atomics.load(this.#now, NOW_REQUEST) === this.#done + 1;
    const item = Atomics.load(this.#now, NOW_ITEM) - 1;
    return isAtFirst ? this.#jobs[0]?.items[item] : undefined;
  }

  give(job: Job<Request, Answer>): void {
    this.#jobs.push(job);
    this.#worker.postMessage(job.request);
  }

  /** Takes note of `ms` that went by: of a thread that has moved on since the last time the hold begins anew. */
  look(ms: number): void {
    const now = [...this.#now, this.#jobs.length > 0].join();
    const moved = now !== this.#seen || this.#jobs.length === 0;
    this.#seen = now;
    this.heldMs = moved ? 0 : this.heldMs + ms;
    if (moved) this.told = false;
  }

  /**
   * Ends the thread and gives back what it has not answered; nothing more is heard of it. One that hangs in the system has `ended` only when
   * the system lets it.
   */
  abandon(): { jobs: Job<Request, Answer>[]; ended: Promise<unknown> } {
    const jobs = this.#jobs;
    return { jobs, ended: this.close() };
  }

  /** Resolves when the thread has ended. */
  async close(): Promise<void> {
    this.#jobs = [];
    this.#worker.removeAllListeners();
    this.#worker.on('error', () => undefined);
    await this.#worker.terminate();
  }

  #settle(reply: Reply<Answer>): void {
    const job = this.#jobs.shift();
    this.#done += 1;
    if ('answer' in reply) job?.answer(reply.answer);
    else job?.fail(errorOf(reply.refusal));
    this.#listener.onFree();
  }

  /** Both 'error' and 'exit' tell of an end: the first has the reason. */
  #end(reason: Error): void {
    const { item } = this;
    const jobs = this.#jobs;
    this.#jobs = [];
    this.#worker.removeAllListeners();
    this.#worker.on('error', () => undefined);
    this.#listener.onEnd({ reason, jobs, item });
  }
}
