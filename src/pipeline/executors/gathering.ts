import type { Executor, Job } from './executor.js';

interface Held {
  readonly job: Job;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Holds jobs of a group back until all of the group that are on their way have come, so that a matrix that becomes ready at once is
 * submitted at once.
 */
export class Gathering {
  readonly #executor: Executor;
  readonly #groupOf: (stage: string) => string;
  /** Stages on their way, by group. */
  readonly #coming = new Map<string, Set<string>>();
  readonly #held = new Map<string, Held[]>();

  constructor(executor: Executor, groupOf: (stage: string) => string) {
    this.#executor = executor;
    this.#groupOf = groupOf;
  }

  /** A stage is on its way until `work` is done or its job is submitted. */
  async expect<T>(stage: string, work: () => Promise<T>): Promise<T> {
    const group = this.#groupOf(stage);
    this.#coming.set(group, (this.#coming.get(group) ?? new Set()).add(stage));
    try {
      return await work();
    } finally {
      this.#arrived(stage);
    }
  }

  /** Resolves when the executor has taken the job. */
  submit(job: Job, signal: AbortSignal): Promise<void> {
    const group = this.#groupOf(job.stage.name);
    return new Promise((resolve, reject) => {
      this.#held.set(group, [...(this.#held.get(group) ?? []), { job, resolve, reject }]);
      this.#signal = signal;
      this.#arrived(job.stage.name);
    });
  }

  #signal = new AbortController().signal;

  #arrived(stage: string): void {
    const group = this.#groupOf(stage);
    this.#coming.get(group)?.delete(stage);
    // Who was prepared is started in the same turn of the event loop, and counts again by the next one.
    setImmediate(() => {
      if ((this.#coming.get(group)?.size ?? 0) === 0) this.#flush(group);
    });
  }

  #flush(group: string): void {
    const held = this.#held.get(group) ?? [];
    this.#held.delete(group);
    if (held.length === 0) return;
    this.#executor
      .submit(
        held.map(({ job }) => job),
        this.#signal,
      )
      .then(
        () => {
          for (const { resolve } of held) resolve();
        },
        (error: unknown) => {
          for (const { reject } of held) reject(error);
        },
      );
  }
}
