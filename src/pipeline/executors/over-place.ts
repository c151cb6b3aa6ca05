import type { Capabilities, Executor, Job, JobStatus, LogPart } from './executor.js';
import type { JobPlace } from './job-place.js';

/** An executor whose jobs find what they need in a place, and say there how they fare: it is seen to before each call. */
export class ExecutorOverPlace implements Executor {
  readonly capabilities: Capabilities;
  readonly #executor: Executor;
  readonly #place: JobPlace;

  constructor(executor: Executor, place: JobPlace) {
    this.#executor = executor;
    this.#place = place;
    this.capabilities = executor.capabilities;
  }

  async submit(jobs: readonly Job[], signal: AbortSignal): Promise<void> {
    // What has a handle was published before it got one.
    await this.#place.publish(
      jobs.filter((job) => job.handle() === undefined),
      signal,
    );
    await this.#executor.submit(jobs, signal);
  }

  async poll(jobs: readonly Job[], signal: AbortSignal): Promise<ReadonlyMap<string, JobStatus>> {
    if (!(await this.#place.look(jobs, { signal }))) return new Map();
    const statuses = await this.#executor.poll(jobs, signal);
    const lost = jobs.filter(({ id }) => statuses.get(id)?.state === 'lost');
    return lost.length === 0 ? statuses : this.#unlessEnded(statuses, lost);
  }

  /** What is gone may have left its result since the place was looked at. */
  async #unlessEnded(
    statuses: ReadonlyMap<string, JobStatus>,
    lost: readonly Job[],
  ): Promise<ReadonlyMap<string, JobStatus>> {
    const known = new Map(statuses);
    const { signal } = new AbortController();
    const isSeen = await this.#place.look(lost, { signal, now: true });
    for (const job of lost) {
      const result = this.#place.result(job);
      if (result !== undefined) known.set(job.id, { state: 'ended', result });
      else if (!isSeen) known.delete(job.id);
    }
    return known;
  }

  cancel(jobs: readonly Job[]): Promise<void> {
    return this.#executor.cancel(jobs);
  }

  logs(job: Job, offset: number): Promise<LogPart> {
    return this.#executor.logs(job, offset);
  }
}
