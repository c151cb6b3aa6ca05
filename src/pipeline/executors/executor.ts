import type { JsonValue } from '../../base/canonical-json.js';
import type { AbsPath } from '../../base/paths.js';
import type { Stage } from '../definition/stage/stage.js';

/** One run of the commands of one stage, as it is handed to an executor. */
export interface Job {
  /** Names the job, and its folder, in the workspace: the stage, and the beginning of the signature of its inputs. */
  readonly id: string;
  readonly stage: Stage;
  /** Counts from 1. Each attempt has a folder of its own, and runs once at most. */
  readonly attempt: number;
  readonly root: AbsPath;
  /** The job folder, with `job.json` and `run.sh`. Nothing is there for an executor that `survives` not. */
  readonly folder: AbsPath;
  /** The whole environment of the commands, secrets included: no part of it may be written to a file. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What `keepHandle` was last given for this attempt, by this process or by one that died. */
  handle(): JsonValue | undefined;
  /** Keeps durably what finds the job again: a job number, a process group. Throws if it cannot. */
  keepHandle(handle: JsonValue): void;
}

/** How the commands ended; `code` is that of the one that failed, `signal` what killed it. */
export type CommandResult =
  | { readonly ok: true }
  /** They took longer than the stage's `timeout`, and were ended where they ran. */
  | { readonly ok: false; readonly timedOut: true }
  /** They could not be run, or what they made could not be kept: an error of where they ran. */
  | { readonly ok: false; readonly problem: NodeProblem }
  | {
      readonly ok: false;
      readonly command: string;
      readonly code: number | null;
      readonly signal: NodeJS.Signals | null;
    };

/** An error that a job met on the machine that it ran on. */
export interface NodeProblem {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
  /** The name of that machine. */
  readonly node: string;
}

/** How a job stands. */
export type JobStatus =
  /** It has not begun: the place where it runs is busy. */
  | { readonly state: 'waiting' }
  | { readonly state: 'running' }
  | { readonly state: 'ended'; readonly result: CommandResult }
  /** It is no more and left no result. `again`: not for its own fault (preempted, the node failed). `why` is part of a sentence: 'was preempted'. */
  | { readonly state: 'lost'; readonly why: string; readonly again: boolean }
  /** It could not be started, or nothing can be said of it. */
  | { readonly state: 'broken'; readonly error: unknown };

/** Bytes that a command printed. */
export interface OutputPart {
  readonly stream: 'stdout' | 'stderr';
  readonly bytes: Buffer;
}

/** What was printed from an offset on; `next` is the offset to ask from the next time. */
export interface LogPart {
  readonly parts: readonly OutputPart[];
  readonly next: number;
}

export interface Capabilities {
  /** True: jobs go on when this process dies, and the next repro finds them again by their handles. They need a job folder. */
  readonly survives: boolean;
  /** True: jobs of one group that are submitted together are started as one. */
  readonly arrays: boolean;
  /** How often a job that was lost for no fault of its own is tried again. */
  readonly retries: number;
}

/**
 * Where stages run. Any number of jobs at once; an executor serves one repro. What a job writes is judged by whoever asks, by its
 * bytes: an executor only says that the commands ended.
 */
export interface Executor {
  readonly capabilities: Capabilities;
  /**
   * Starts jobs. A job that was started before, also by a process that has died since, is not started a second time. Resolves
   * when the handles of all are kept.
   */
  submit(jobs: readonly Job[], signal: AbortSignal): Promise<void>;
  /**
   * How all these jobs stand, asked at once. Resolves when one of them has ended or printed something, or after a moment; at
   * once, with how they stand, when aborted. Once it has said `ended`, `logs` has all that was printed.
   */
  poll(jobs: readonly Job[], signal: AbortSignal): Promise<ReadonlyMap<string, JobStatus>>;
  /** Ends jobs; `poll` tells when they are gone. Cancelling what has ended is no error. */
  cancel(jobs: readonly Job[]): Promise<void>;
  /** What a job printed, from an offset on that an earlier call gave (0 at first). What is before it may be forgotten. */
  logs(job: Job, offset: number): Promise<LogPart>;
}
