import type { EventSink } from './events.js';
import type { AbsPath } from './paths.js';

/** What every action is handed besides its own input. */
export interface Call {
  /** The folder that relative paths of the command line start at. */
  cwd: AbsPath;
  events: EventSink;
  /** Aborted by the first SIGINT or SIGTERM; its reason is the error to throw. */
  signal: AbortSignal;
}
