import type { Remote } from '../backends/remote.js';
import type { ViewCache } from './view-cache.js';

/** What is needed to look at a remote. */
export interface ViewSource {
  remote: Remote;
  /** What this machine remembers of it. */
  cache: ViewCache;
  /** The command that makes this machine take what it finds there for the remote, whatever it remembers: for a hint. */
  accept: string;
  signal?: AbortSignal | undefined;
}
