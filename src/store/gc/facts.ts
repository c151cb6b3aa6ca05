import type { ContentId } from '../../base/content-id.js';
import type { ObjectKind } from '../format.js';
import type { RunId } from '../run-records.js';
import type { Inventory } from './inventory.js';
import type { Marks } from './marks.js';

/** Objects, and their bytes. */
export interface Tally {
  readonly objects: number;
  readonly bytes: number;
}

/** Files that were moved or deleted, and what was in them. */
export interface FileTally extends Tally {
  readonly files: number;
}

/** What a plan is made of. */
export interface GcFacts {
  readonly inventory: Inventory;
  readonly marks: Marks;
  /** True if an object that nothing needs may go: a remote has it, or that does not matter. */
  readonly mayGo: (kind: ObjectKind, id: ContentId) => boolean;
  /** True if a run record is to be kept. */
  readonly keepsRun: (run: RunId) => boolean;
  /** True if a pack may be replaced by another with the same objects: no remote names it. */
  readonly mayRewrite: (pack: ContentId) => boolean;
  /** The time by the clock of the store's file system; milliseconds since 1970. */
  readonly now: number;
  /** What was condemned before may be deleted; milliseconds since 1970. */
  readonly condemnedBefore: number;
}
