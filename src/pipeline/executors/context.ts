import type { EventSink } from '../../base/events.js';
import type { AbsPath } from '../../base/paths.js';
import type { ExecutorSettings } from '../../config/settings.js';
import type { CommandResult, Job, LogPart } from './executor.js';
import type { JobPlace } from './job-place.js';

/** What an executor is made with. */
export interface ExecutorContext {
  /** Its name in the configuration. */
  readonly name: string;
  readonly settings: ExecutorSettings;
  /** The workspace. */
  readonly root: AbsPath;
  /** Where job folders are. */
  readonly jobsFolder: AbsPath;
  readonly events: EventSink;
  /** Where jobs find what they need, and say how they fare: the workspace, or a remote. */
  readonly place: JobPlace;
  /** The result that `run.sh` left of this attempt; undefined while there is none. */
  readonly result: (job: Job) => CommandResult | undefined;
  /** What `run.sh` wrote to the log of this attempt, from a byte on. */
  readonly log: (job: Job, offset: number) => LogPart | Promise<LogPart>;
}
