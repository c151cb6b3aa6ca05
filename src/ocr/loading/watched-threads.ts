import { countText } from '../../base/count-text.js';
import { OcrpipeError } from '../../base/errors.js';
import type { EventSink } from '../../base/events.js';
import { WatchedThread, type Job, type Remains } from './watched-thread.js';

/** Jobs that one thread is given ahead: it goes on while the caller computes. */
const AHEAD = 3;
/** A thread that cannot start will not start the next time either. */
const MOST_FAILED_STARTS = 3;
/** An item at which a thread ended is tried once more. */
const MOST_DEATHS = 2;

/** When a thread that stays at one item is told of, and when it is given up. Milliseconds. */
export interface Patience {
  tellMs: number;
  giveUpMs: number;
}

export interface WatchedThreadsOptions {
  /** The file of the program: it calls `serveRequests`. */
  program: string;
  /** What each thread is started with. */
  data: unknown;
  /** Threads at once. */
  most: number;
  patience: Patience;
  events: EventSink;
}

/**
 * Threads whose work cannot be lost and cannot hang unseen. What a thread that ended had not answered is done by another one; an item
 * that ends its thread twice (`loader-killed`) or holds it for too long (`loader-stuck`) fails its job, with the item as the error's place. Jobs go to as few
 * threads as keep up: `hurry` adds one. End them with `close`.
 */
export class WatchedThreads<Request, Answer> {
  readonly #options: WatchedThreadsOptions;
  readonly #deaths = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;
  #threads: WatchedThread<Request, Answer>[] = [];
  #queue: Job<Request, Answer>[] = [];
  #used = 1;
  #started = 0;
  #failedStarts = 0;
  #lookedAt = performance.now();
  readonly #abandoned: Promise<unknown>[] = [];

  constructor(options: WatchedThreadsOptions) {
    this.#options = options;
    const everyMs = Math.min(1000, options.patience.tellMs / 2);
    this.#timer = setInterval(() => {
      this.#look(2 * everyMs);
    }, everyMs);
    this.#timer.unref();
  }

  /** Does `request`, whose work is on `items` one after the other; rejects with what its program refuses. */
  run(request: Request, items: readonly string[]): Promise<Answer> {
    return new Promise((answer, fail) => {
      this.#queue.push({ request, items, answer, fail });
      this.#handOut();
    });
  }

  /** Threads that are used. */
  get used(): number {
    return this.#used;
  }

  /** Uses so many threads from now on, `most` at the most; those that are not used rest. */
  use(threads: number): void {
    this.#used = Math.max(1, Math.min(threads, this.#options.most));
    this.#handOut();
  }

  /** Somebody waits for results: one more thread, if there is more to do than is being done. */
  hurry(): void {
    const isBusy = this.#queue.length > 0 || this.#threads.some(({ waiting }) => waiting > 1);
    if (isBusy) this.use(this.#used + 1);
  }

  /** Ends the threads; what was not done is never answered. One that hangs in the system is left behind after `ms`, and ends with the process. */
  async close(ms = 1000): Promise<void> {
    clearInterval(this.#timer);
    this.#queue = [];
    const open = this.#threads.splice(0).map((thread) => thread.close());
    const ended = Promise.all([...open, ...this.#abandoned]);
    const held = await isHeld(ended, ms);
    // A process that ends in the ordinary way waits for all of its threads, whatever they wait for.
    if (!held) return;
    process.once('exit', endAtOnce);
    void ended.then(() => process.off('exit', endAtOnce));
  }

  #handOut(): void {
    while (this.#queue.length > 0) {
      const thread = this.#freeThread();
      if (!thread) return;
      thread.give(this.#queue.shift()!);
    }
  }

  /** The idlest of the threads in use; a new one before any has two jobs. */
  #freeThread(): WatchedThread<Request, Answer> | undefined {
    const used = this.#threads.slice(0, this.#used);
    const idlest = used.reduce<WatchedThread<Request, Answer> | undefined>(
      (best, each) => (best === undefined || each.waiting < best.waiting ? each : best),
      undefined,
    );
    if (used.length < this.#used && (idlest === undefined || idlest.waiting > 0)) return this.#start();
    return idlest !== undefined && idlest.waiting < AHEAD ? idlest : undefined;
  }

  #start(): WatchedThread<Request, Answer> {
    const { program, data } = this.#options;
    this.#started += 1;
    const thread = new WatchedThread<Request, Answer>(
      { number: this.#started, program, data },
      {
        onFree: () => {
          this.#handOut();
        },
        onEnd: (remains) => {
          this.#replace(thread, remains);
        },
      },
    );
    this.#threads.push(thread);
    return thread;
  }

  #replace(thread: WatchedThread<Request, Answer>, { reason, jobs, item }: Remains<Request, Answer>): void {
    this.#threads = this.#threads.filter((each) => each !== thread);
    const [first, ...rest] = jobs;
    if (first === undefined) return;
    const deaths = this.#countDeath(item);
    const message = `${item ?? 'nothing yet'}: thread ${thread.number}, which was reading it, ended: ${reason.message}`;
    if (item === undefined && deaths >= MOST_FAILED_STARTS) {
      for (const job of [...jobs, ...this.#queue.splice(0)]) job.fail(cannotStart(reason));
      return;
    }
    if (item !== undefined && deaths >= MOST_DEATHS) {
      this.#queue.unshift(...rest);
      first.fail(killed(item, deaths, reason));
    } else {
      this.#queue.unshift(...jobs);
      this.#options.events({ type: 'note', level: 'warning', code: 'loader-replaced', message });
    }
    this.#handOut();
  }

  #countDeath(item: string | undefined): number {
    if (item === undefined) return (this.#failedStarts += 1);
    const deaths = (this.#deaths.get(item) ?? 0) + 1;
    this.#deaths.set(item, deaths);
    return deaths;
  }

  /** A process that was stopped for an hour has not looked for an hour: no more than `mostMs` count. */
  #look(mostMs: number): void {
    const now = performance.now();
    const ms = Math.min(mostMs, now - this.#lookedAt);
    this.#lookedAt = now;
    for (const thread of [...this.#threads]) {
      thread.look(ms);
      this.#judge(thread);
    }
  }

  #judge(thread: WatchedThread<Request, Answer>): void {
    const { patience, events } = this.#options;
    if (thread.heldMs >= patience.giveUpMs) {
      this.#giveUp(thread);
    } else if (thread.heldMs >= patience.tellMs && !thread.told) {
      thread.told = true;
      const what = thread.item ?? 'its start';
      const message = `${what}: thread ${thread.number} has been at it for ${seconds(thread.heldMs)}; it is given up after ${seconds(patience.giveUpMs)}`;
      events({ type: 'note', level: 'warning', code: 'loader-slow', message });
    }
  }

  #giveUp(thread: WatchedThread<Request, Answer>): void {
    const { item, heldMs } = thread;
    this.#threads = this.#threads.filter((each) => each !== thread);
    const { jobs, ended } = thread.abandon();
    this.#abandoned.push(ended);
    const [first, ...rest] = jobs;
    this.#queue.unshift(...rest);
    first?.fail(stuck(item, heldMs));
    this.#handOut();
  }
}

/** True if `work` takes longer than `ms`. */
async function isHeld(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, ms, true);
  });
  const held = await Promise.race([work.then(() => false), late]);
  clearTimeout(timer);
  return held;
}

function endAtOnce(): void {
  process.kill(process.pid, 'SIGKILL');
}

function stuck(item: string | undefined, heldMs: number): OcrpipeError {
  const what = item ?? 'a thread that reads images';
  return new OcrpipeError(
    'loader-stuck',
    `${what} kept its thread busy for ${seconds(heldMs)}, and was given up`,
    {
      ...(item !== undefined && { location: { file: item } }),
      hint: 'See whether the disk or the server that holds it answers, and whether other programs open it.',
    },
  );
}

function killed(item: string, times: number, reason: Error): OcrpipeError {
  return new OcrpipeError(
    'loader-killed',
    `${item} ended the thread that was reading it ${times} times: ${reason.message}`,
    { location: { file: item }, hint: 'Replace the file, or leave it out.', cause: reason },
  );
}

function cannotStart(reason: Error): OcrpipeError {
  return new OcrpipeError('loader-failed', `the threads that read images do not start: ${reason.message}`, {
    hint: "See whether memory is left, and whether ocrpipe is installed whole: 'ocrpipe doctor'.",
    cause: reason,
  });
}

function seconds(ms: number): string {
  return countText(Math.round(ms / 1000), 'second');
}
