import type { Executor, Job, JobStatus, OutputPart } from './executor.js';

/** How a job ended, as far as its executor knows. */
export type JobEnd = Exclude<JobStatus, { state: 'waiting' | 'running' }>;

/** Somebody who waits for a job. */
export interface JobFollower {
  readonly onOutput: (part: OutputPart) => void;
  /** The job has left the queue; called once at most. */
  readonly onRunning?: () => void;
  /** Cancels the job. */
  readonly signal: AbortSignal;
}

interface Followed extends JobFollower {
  readonly job: Job;
  offset: number;
  told: boolean;
  /** Why the job was cancelled from here, other than by the signal. */
  failure?: { readonly error: unknown };
  readonly resolve: (end: JobEnd) => void;
  readonly reject: (error: unknown) => void;
}

/** Follows all jobs of one executor with one poll at a time for all of them. */
export class JobWatch {
  readonly #executor: Executor;
  readonly #followed = new Map<string, Followed>();
  #poll = new AbortController();
  #isWatching = false;

  constructor(executor: Executor) {
    this.#executor = executor;
  }

  /**
   * Waits for a submitted job and hands over what it prints. When aborted, cancels it and waits until it is gone. Rejects if the
   * executor can say nothing any more, or with what `onOutput` throws, once the job is gone.
   */
  async follow(job: Job, follower: JobFollower): Promise<JobEnd> {
    const end = new Promise<JobEnd>((resolve, reject) => {
      this.#followed.set(job.id, { ...follower, job, offset: 0, told: false, resolve, reject });
    });
    const cancel = (): void => {
      this.#executor.cancel([job]).catch((error: unknown) => {
        this.#give(job.id)?.reject(error);
      });
    };
    follower.signal.addEventListener('abort', cancel, { once: true });
    if (follower.signal.aborted) cancel();
    // What is being waited for does not know of this job.
    this.#poll.abort();
    void this.#watch();
    try {
      return await end;
    } finally {
      follower.signal.removeEventListener('abort', cancel);
    }
  }

  async #watch(): Promise<void> {
    if (this.#isWatching) return;
    this.#isWatching = true;
    try {
      while (this.#followed.size > 0) {
        this.#poll = new AbortController();
        const followed = [...this.#followed.values()];
        const jobs = followed.map(({ job }) => job);
        const statuses = await this.#executor.poll(jobs, this.#poll.signal);
        for (const each of followed) await this.#tell(each, statuses.get(each.job.id));
      }
    } catch (error) {
      for (const id of [...this.#followed.keys()]) this.#give(id)?.reject(error);
    } finally {
      this.#isWatching = false;
    }
  }

  async #tell(followed: Followed, status: JobStatus | undefined): Promise<void> {
    const { job } = followed;
    // Of one that has ended all is handed over, in as many parts as it takes.
    while ((await this.#handOver(followed)) && isOver(status));
    if (status === undefined || status.state === 'waiting') return;
    if (!followed.told) followed.onRunning?.();
    followed.told = true;
    if (status.state === 'running') return;
    this.#give(job.id);
    if (followed.failure) followed.reject(followed.failure.error);
    else followed.resolve(status);
  }

  /** False if there is nothing more to hand over. What nobody can take (the disk is full) is no reason to leave the job alone. */
  async #handOver(followed: Followed): Promise<boolean> {
    const { parts, next } = await this.#executor.logs(followed.job, followed.offset);
    followed.offset = next;
    if (followed.failure) return false;
    try {
      for (const part of parts) followed.onOutput(part);
    } catch (error) {
      followed.failure = { error };
      await this.#executor.cancel([followed.job]);
    }
    return parts.length > 0;
  }

  #give(id: string): Followed | undefined {
    const followed = this.#followed.get(id);
    this.#followed.delete(id);
    return followed;
  }
}

function isOver(status: JobStatus | undefined): status is JobEnd {
  return status !== undefined && status.state !== 'waiting' && status.state !== 'running';
}
