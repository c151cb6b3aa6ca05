import type { ContentId } from '../../base/content-id.js';
import type { ObjectKind } from '../format.js';

/** What is checked: an object, or a file of the store as a whole. */
export interface CheckedName {
  /**
   * `pack`: a pack whose header, table or trailer is wrong, or that is gone; `format`: `format.json`; `catalog`, `base`: what a
   * remote says of itself.
   */
  kind: ObjectKind | 'pack' | 'format' | 'catalog' | 'base';
  /** Of `format` and `base`, which have none, where they stand. */
  id: string;
}

/** Something in a store that is not what its name says. */
export interface Finding {
  object: CheckedName;
  /** The file. */
  where: string;
  reason: string;
}

/** A file of a store that can be checked by itself. */
export interface StoreFile {
  what: 'pack' | 'blob' | 'run';
  /** Of the pack, the large blob or the run record. */
  id: ContentId;
  /** '/'-separated, relative to the store's root. */
  key: string;
  /** Where it stands. */
  file: string;
}

/** What tells that a file was not replaced or written to. */
export interface FileState {
  size: number;
  mtimeMs: number;
  ctimeMs: number;
  ino: number;
}
