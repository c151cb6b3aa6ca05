import type { ContentId } from '../base/content-id.js';
import type { NodeKind } from './format.js';

/** Something that must be in a store, with all that it is made of. */
export interface NeededRoot {
  readonly kind: 'blob' | NodeKind;
  readonly id: ContentId;
  /** Bytes of a blob, where they are known. */
  readonly size?: number;
  /** Who needs it, for people: 'data/raw', 'data/raw.ocr (in commit 1a2b3c4d5e)'. */
  readonly needer: string;
  /** Nobody relies on all of it being there: what a lock remembers of a stage. */
  readonly optional?: boolean;
}
