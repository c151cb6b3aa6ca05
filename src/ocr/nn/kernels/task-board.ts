/** Places of the counters in the board's head, each in a cache line of its own. */
const TICKET = 0;
const DONE = 16;
const FAILED = 32;
const HEAD_BYTES = 192;
/** Numbers of one task: kernel, bytes of working memory, its first byte for thread 0, count of arguments, arguments. */
const ROW = 32;
const ARGUMENTS = 4;
/** Tasks of one call at the most; a ticket holds their count and the next one in ten bits each. */
export const MOST_TASKS = 512;
const INDEX_BITS = 10;
const INDEX_MASK = (1 << INDEX_BITS) - 1;
const GENERATIONS = 1 << (31 - 2 * INDEX_BITS);
/** Milliseconds without a task done after which a thread that had taken one counts as dead. */
const PATIENCE_MS = 120_000;
/** Looks at a counter before a thread sleeps: what it waits for often comes within some microseconds. */
const LOOKS = 200;

/** One call of a kernel, as it stands on the board. */
export interface Task {
  kernel: number;
  /** Without the working memory, which comes last. */
  values: readonly number[];
}

/** Working memory: so many bytes for each thread, one after the other. */
export interface TaskScratch {
  offset: number;
  bytes: number;
}

/**
 * Where one thread lays out calls of kernels for others, in memory that all share. Whoever is free takes the next: the ticket holds
 * the round, how many tasks it has and which comes next, so that one compare-and-swap takes a task or finds the round over. The
 * rows of a round stay as they are until all of it is done.
 */
export class TaskBoard {
  readonly buffer: SharedArrayBuffer;
  readonly #head: Int32Array;
  readonly #rows: Float64Array;

  constructor(buffer = new SharedArrayBuffer(HEAD_BYTES + MOST_TASKS * ROW * 8)) {
    this.buffer = buffer;
    this.#head = new Int32Array(buffer, 0, HEAD_BYTES / 4);
    this.#rows = new Float64Array(buffer, HEAD_BYTES);
  }

  /** Lays out a round, at most MOST_TASKS; the one before must be done. Sleeping threads are woken. */
  publish(tasks: readonly Task[], scratch: TaskScratch): void {
    tasks.forEach(({ kernel, values }, index) => {
      this.#rows.set([kernel, scratch.bytes, scratch.offset, values.length, ...values], index * ROW);
    });
    Atomics.store(this.#head, DONE, 0);
    const generation = ((Atomics.load(this.#head, TICKET) >>> (2 * INDEX_BITS)) + 1) % GENERATIONS;
    Atomics.store(this.#head, TICKET, ((generation << INDEX_BITS) | tasks.length) << INDEX_BITS);
    Atomics.notify(this.#head, TICKET);
  }

  /** Does tasks until none is left to take. `perform` gets the kernel's number and its arguments. */
  work(thread: number, perform: (kernel: number, values: number[]) => void): void {
    for (let index = this.#take(); index >= 0; index = this.#take()) {
      const start = index * ROW;
      const count = this.#rows[start + 3]!;
      const values = Array.from(this.#rows.subarray(start + ARGUMENTS, start + ARGUMENTS + count));
      const bytes = this.#rows[start + 1]!;
      if (bytes > 0) values.push(this.#rows[start + 2]! + thread * bytes);
      try {
        perform(this.#rows[start]!, values);
      } catch {
        Atomics.store(this.#head, FAILED, 1);
      }
      if (Atomics.add(this.#head, DONE, 1) + 1 === countOf(Atomics.load(this.#head, TICKET)))
        Atomics.notify(this.#head, DONE);
    }
  }

  /** Returns when all tasks of the round are done; false if one failed, or the thread that had taken it died. */
  finish(patienceMs = PATIENCE_MS): boolean {
    const count = countOf(Atomics.load(this.#head, TICKET));
    for (let looks = 0; ; looks++) {
      const done = Atomics.load(this.#head, DONE);
      if (done === count) break;
      if (looks < LOOKS || Atomics.wait(this.#head, DONE, done, patienceMs) !== 'timed-out') continue;
      if (Atomics.load(this.#head, DONE) === done) return false;
    }
    return Atomics.exchange(this.#head, FAILED, 0) === 0;
  }

  /** Returns when there may be something to take. */
  await(): void {
    for (let looks = 0; ; looks++) {
      const ticket = Atomics.load(this.#head, TICKET);
      if (indexOf(ticket) < countOf(ticket)) return;
      if (looks >= LOOKS) Atomics.wait(this.#head, TICKET, ticket);
    }
  }

  /** The next task of the round, or -1. */
  #take(): number {
    for (;;) {
      const ticket = Atomics.load(this.#head, TICKET);
      if (indexOf(ticket) >= countOf(ticket)) return -1;
      if (Atomics.compareExchange(this.#head, TICKET, ticket, ticket + 1) === ticket) return indexOf(ticket);
    }
  }
}

function indexOf(ticket: number): number {
  return ticket & INDEX_MASK;
}

function countOf(ticket: number): number {
  return (ticket >>> INDEX_BITS) & INDEX_MASK;
}
