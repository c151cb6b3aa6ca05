import type { CommandResult, Job, LogPart } from './executor.js';

/**
 * Where jobs and this machine meet: what a job needs is there before it is started, and what it says of itself is found there. A
 * folder that both see, or a remote that both reach.
 */
export interface JobPlace {
  /** For people, and to tell the jobs of one place from those of another. Undefined: the workspace itself. */
  readonly where?: string;
  /** Puts there what these jobs need to be started. Again is harmless. */
  publish(jobs: readonly Job[], signal: AbortSignal): Promise<void>;
  /**
   * Looks at all these jobs; what follows tells what was seen. Unless `now`, a look that follows another closely may be left out. False:
   * the place cannot be seen, and nothing may be concluded from what is not there.
   */
  look(jobs: readonly Job[], how: { signal: AbortSignal; now?: boolean }): Promise<boolean>;
  /** How the commands of this attempt ended; undefined while they have not. */
  result(job: Job): CommandResult | undefined;
  /** What this attempt printed, from an offset on. */
  log(job: Job, offset: number): LogPart | Promise<LogPart>;
  /** This attempt was started somewhere. */
  hasBegun(job: Job): boolean;
  /** It was started a second time, which did nothing. */
  wasRestarted(job: Job): boolean;
  /** What starts it, as one line of POSIX shell that becomes the job. */
  startLine(job: Job): string;
  /** Tells who may still run this attempt somewhere, unseen, that what it makes is not wanted. */
  revoke(job: Job): Promise<void>;
  /** Nobody asks for this attempt any more. */
  forget(job: Job): Promise<void>;
}
