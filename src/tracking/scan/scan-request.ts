import type { ContentId } from '../../base/content-id.js';
import type { BytePath } from '../byte-path.js';
import type { Unread } from './scanned.js';

/**
 * What a scan asks of its driver: a breath, if it is time for one, the ids of small files, or that of a file too large to be read in
 * between. `done` counts the files so far.
 */
export type ScanRequest =
  | { type: 'breath'; done: number }
  | { type: 'files'; folder: BytePath; files: readonly Unread[]; done: number }
  | { type: 'large'; path: BytePath }
  /** Somebody wrote to the file at `path`, and so to the stored blob `id`, which it was a link to. */
  | { type: 'written-through'; path: BytePath; id: ContentId };

/**
 * What it is answered: the id of the large file; those of small files in their order, undefined for one that was not what it was seen
 * to be; nothing otherwise.
 */
export type ScanAnswer = ContentId | readonly (ContentId | undefined)[] | undefined;

/** A scan in progress. */
export type Scan<T> = Generator<ScanRequest, T, ScanAnswer>;
