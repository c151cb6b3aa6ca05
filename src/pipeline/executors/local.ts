import { fromRepoPath } from '../../base/paths.js';
import type { CommandResult, Executor, Job, JobStatus, LogPart, OutputPart } from './executor.js';
import { runCommands } from './run-commands.js';

/** A job that runs as children of this process. */
interface Child {
  readonly stop: AbortController;
  status: JobStatus;
  /** Printed and not yet asked for. */
  printed: OutputPart[];
  /** How many parts were asked for. */
  taken: number;
}

/**
 * Runs stages as children of this process, in the workspace. They end with it: the handle is the process group, by which the
 * next repro ends what a killed one has left. No job folder is written.
 */
export class LocalExecutor implements Executor {
  readonly capabilities = { survives: false, arrays: false, retries: 0 } as const;
  readonly #children = new Map<string, Child>();
  /** Called at the next news. */
  #waiting: (() => void)[] = [];

  submit(jobs: readonly Job[]): Promise<void> {
    for (const job of jobs) if (!this.#children.has(job.id)) this.#start(job);
    return Promise.resolve();
  }

  async poll(jobs: readonly Job[], signal: AbortSignal): Promise<ReadonlyMap<string, JobStatus>> {
    if (!jobs.some(({ id }) => this.#hasNews(id))) await this.#news(signal);
    const statuses = new Map<string, JobStatus>();
    for (const { id } of jobs) {
      const child = this.#children.get(id);
      if (child) statuses.set(id, child.status);
    }
    return statuses;
  }

  cancel(jobs: readonly Job[]): Promise<void> {
    for (const { id } of jobs) this.#children.get(id)?.stop.abort(new Error('cancelled'));
    return Promise.resolve();
  }

  logs({ id }: Job, offset: number): Promise<LogPart> {
    const child = this.#children.get(id);
    if (!child) return Promise.resolve({ parts: [], next: offset });
    const parts = child.printed;
    child.printed = [];
    child.taken += parts.length;
    if (child.status.state !== 'running') this.#children.delete(id);
    return Promise.resolve({ parts, next: child.taken });
  }

  #start(job: Job): void {
    const child: Child = { stop: new AbortController(), status: { state: 'running' }, printed: [], taken: 0 };
    this.#children.set(job.id, child);
    const end = (status: JobStatus): void => {
      child.status = status;
      this.#wake();
    };
    runCommands({
      run: job.stage.run,
      cwd: fromRepoPath(job.root, job.stage.wdir),
      env: job.env,
      signal: child.stop.signal,
      onStart: (group) => {
        job.keepHandle({ group });
      },
      onOutput: (part) => {
        child.printed.push(part);
        this.#wake();
      },
    }).then(
      (result: CommandResult) => {
        end({ state: 'ended', result });
      },
      (error: unknown) => {
        const cancelled = child.stop.signal.aborted;
        end(cancelled ? { state: 'lost', why: 'was cancelled', again: false } : { state: 'broken', error });
      },
    );
  }

  #hasNews(id: string): boolean {
    const child = this.#children.get(id);
    return child === undefined || child.printed.length > 0 || child.status.state !== 'running';
  }

  /** Resolves at the next news, or as soon as the signal is aborted. */
  #news(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) {
        resolve();
        return;
      }
      const done = (): void => {
        signal.removeEventListener('abort', done);
        resolve();
      };
      signal.addEventListener('abort', done);
      this.#waiting.push(done);
    });
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const done of waiting) done();
  }
}
