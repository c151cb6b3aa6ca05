import type { EventSink } from '../../base/events.js';
import type { AbsPath } from '../../base/paths.js';
import type { ExecutorSettings } from '../../config/settings.js';

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
}
