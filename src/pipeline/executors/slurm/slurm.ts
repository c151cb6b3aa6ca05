import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ExecutorContext } from '../context.js';
import type { Executor, Job, JobStatus, LogPart } from '../executor.js';
import { Controller } from './controller.js';
import { meaningOf, type QueuedJob } from './queue.js';
import { groundOf, type Ground } from './ground.js';
import { batchesOf, groupOf, type Batch } from './sbatch.js';

/** What finds a job in Slurm: by its number, or, if its submitter died before it was told that, by its name. */
interface SlurmHandle {
  readonly name: string;
  readonly task?: number;
  readonly number?: string;
}

/** Between two looks at the job folders. */
const TICK_MS = 500;
/** Between two questions to the controller, for all jobs at once, unless the settings say otherwise. */
const QUEUE_SECONDS = 5;
/** So long a controller is waited for to cancel something. */
const CANCEL_MS = 10_000;
/** The result of a job that Slurm calls ended may come late: a shared folder shows new files after a while. */
const RESULT_LAG_MS = 15_000;

/** Runs stages as jobs of Slurm. What a job did is told by what it left at its place, not by Slurm's accounting. */
class SlurmExecutor implements Executor {
  readonly capabilities;
  readonly #context: ExecutorContext;
  readonly #controller: Controller;
  readonly #ground: Ground;
  /** What the controller said last. */
  #queue: readonly QueuedJob[] = [];
  #askedAt = -Infinity;
  readonly #queueMs: number;
  /** When a job was first seen to be ended without a result. */
  readonly #endedAt = new Map<string, number>();

  constructor(context: ExecutorContext, controller: Controller) {
    this.#context = context;
    this.#controller = controller;
    this.#ground = groundOf(context, controller);
    const { retries = 5, interval = QUEUE_SECONDS } = context.settings;
    this.#queueMs = interval * 1000;
    this.capabilities = { survives: true, arrays: true, retries } as const;
  }

  async submit(jobs: readonly Job[], signal: AbortSignal): Promise<void> {
    const fresh: Job[] = [];
    for (const job of jobs) if (!(await this.#isSubmitted(job, signal))) fresh.push(job);
    for (const batch of batchesOf(this.#context.settings, fresh)) await this.#submitBatch(batch, signal);
  }

  async poll(jobs: readonly Job[], signal: AbortSignal): Promise<ReadonlyMap<string, JobStatus>> {
    const ended = (): boolean => jobs.some((job) => this.#context.result(job) !== undefined);
    if (!ended()) {
      await delay(TICK_MS, undefined, { signal }).catch(() => undefined);
      if (performance.now() - this.#askedAt >= this.#queueMs && !signal.aborted) await this.#ask(signal);
    }
    const statuses = new Map<string, JobStatus>();
    for (const job of jobs) statuses.set(job.id, await this.#statusOf(job));
    return statuses;
  }

  async cancel(jobs: readonly Job[]): Promise<void> {
    for (const job of jobs) if (isUnsure(job)) await this.#isSubmitted(job, AbortSignal.timeout(CANCEL_MS));
    const names = jobs.flatMap((job) => slurmName(handleOf(job)) ?? []);
    if (names.length > 0) await this.#controller.cancel(names);
    this.#askedAt = -Infinity;
  }

  logs(job: Job, offset: number): Promise<LogPart> {
    return Promise.resolve(this.#context.place.log(job, offset));
  }

  /** True if Slurm has the job, as far as it says; a submitter that died may have been cut off before it kept the number. */
  async #isSubmitted(job: Job, signal: AbortSignal): Promise<boolean> {
    const handle = handleOf(job);
    if (handle === undefined) return false;
    if (handle.number !== undefined) return true;
    await this.#ask(signal);
    const found = this.#queue.find(({ name, task }) => name === handle.name && task === handle.task);
    // Slurm forgets what ended some time ago.
    if (found === undefined) return this.#context.place.hasBegun(job);
    keep(job, { ...handle, number: found.number });
    return true;
  }

  async #submitBatch({ jobs, options }: Batch, signal: AbortSignal): Promise<void> {
    const isArray = jobs.length > 1;
    const [first] = jobs;
    const name = `ocrpipe-${isArray ? groupOf(first.stage) : first.stage.name}-${randomBytes(6).toString('hex')}`;
    const handles = jobs.map((_, task): SlurmHandle => ({ name, ...(isArray && { task }) }));
    // From here on a repro that dies leaves behind what the job is called.
    for (const [task, handle] of handles.entries()) keep(jobs[task]!, handle);
    const array = isArray ? [`--array=0-${jobs.length - 1}`] : [];
    const submission = { ...this.#ground.submission(jobs), name };
    const number = await this.#controller.submit(
      { ...submission, options: [...submission.options, ...array, ...options] },
      signal,
    );
    for (const [task, job] of jobs.entries()) {
      keep(job, { ...handles[task]!, number });
      this.#told(job);
    }
    this.#askedAt = -Infinity;
  }

  #told(job: Job): void {
    const message = `${job.stage.name}: submitted to ${this.#context.name} as job ${slurmName(handleOf(job)) ?? ''}`;
    this.#context.events({ type: 'note', level: 'info', code: 'job-submitted', message });
  }

  async #ask(signal: AbortSignal): Promise<void> {
    this.#queue = await this.#controller.queue(signal);
    this.#askedAt = performance.now();
  }

  async #statusOf(job: Job): Promise<JobStatus> {
    const result = this.#context.result(job);
    if (result !== undefined) return { state: 'ended', result };
    const handle = handleOf(job);
    // By its name as well: a controller that lost its memory gives numbers out again.
    const entry = this.#queue.find(
      ({ number, task, name }) => number === handle?.number && task === handle.task && name === handle.name,
    );
    if (this.#askedAt === -Infinity) return { state: 'waiting' };
    const meaning = entry === undefined ? GONE : meaningOf(entry.state);
    if (meaning === 'waiting' || meaning === 'running') {
      this.#endedAt.delete(job.id);
      return { state: meaning };
    }
    const since = this.#endedAt.get(job.id) ?? performance.now();
    this.#endedAt.set(job.id, since);
    // Who was cancelled or preempted leaves no result that could come late.
    const isShared = this.#context.place.where === undefined;
    const mayComeLate = isShared && (entry === undefined || ['COMPLETED', 'FAILED'].includes(entry.state));
    if (mayComeLate && performance.now() - since < RESULT_LAG_MS) return { state: 'running' };
    this.#endedAt.delete(job.id);
    return this.#lost(job, meaning);
  }

  async #lost(job: Job, { why, again }: { why: string; again: boolean }): Promise<JobStatus> {
    if (this.#context.place.wasRestarted(job)) {
      return { state: 'lost', why: 'was started again by the cluster', again: true };
    }
    const said = await this.#ground.lastWords(slurmName(handleOf(job)) ?? '');
    return { state: 'lost', why: said === undefined ? why : `${why} (${said})`, again };
  }
}

const GONE = { why: 'is not known to Slurm any more', again: true } as const;

/** Its submitter died before it was told the number. */
function isUnsure(job: Job): boolean {
  const handle = handleOf(job);
  return handle !== undefined && handle.number === undefined;
}

function handleOf(job: Job): SlurmHandle | undefined {
  return job.handle() as SlurmHandle | undefined;
}

function keep(job: Job, { name, task, number }: SlurmHandle): void {
  job.keepHandle({ name, ...(task !== undefined && { task }), ...(number !== undefined && { number }) });
}

/** As people name it: 12, or 12_3. */
function slurmName(handle: SlurmHandle | undefined): string | undefined {
  if (handle?.number === undefined) return undefined;
  return handle.task === undefined ? handle.number : `${handle.number}_${handle.task}`;
}

/** What the configuration's `type: slurm` stands for. */
export function slurmExecutor(context: ExecutorContext): Executor {
  return new SlurmExecutor(context, new Controller(context));
}
