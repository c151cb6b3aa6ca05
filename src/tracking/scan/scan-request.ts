import type { ContentId } from '../../base/content-id.js';
import type { BytePath } from '../byte-path.js';
import type { FileRead } from './read-room.js';
import type { FilesToRead } from './reading-threads.js';

/**
 * What a scan asks of its driver: a breath, if it is time for one, the ids of small files, or that of a file too large to be read in
 * between. `done` counts the files so far.
 */
export type ScanRequest =
  | { type: 'breath'; done: number }
  | ({ type: 'files'; done: number } & FilesToRead)
  | { type: 'large'; path: BytePath }
  /** Somebody wrote to the file at `path`, and so to the stored blob `id`, which it was a link to. */
  | { type: 'written-through'; path: BytePath; id: ContentId };

/**
 * What it is answered: the id of the large file; the small files in their order, undefined for one that could not be read as such;
 * nothing otherwise.
 */
export type ScanAnswer = ContentId | readonly (FileRead | undefined)[] | undefined;

/** A scan in progress. */
export type Scan<T> = Generator<ScanRequest, T, ScanAnswer>;
