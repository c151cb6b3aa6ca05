import type { ContentId } from '../../base/content-id.js';
import type { OcrpipeError } from '../../base/errors.js';
import type { ObjectKind } from '../../store/format.js';
import type { ObjectReader } from '../../store/object-reader.js';
import type { PackTable } from '../../store/pack-format.js';

/** Where an object stands before it is sent: in a pack, in a file of its own as large blobs do, or in another file, to be packed. */
export type PushPlace =
  { in: 'pack'; pack: ContentId; length: number } | { in: 'file' | 'loose'; length: number };

/** What a push takes its objects from: a local store, or files that are in none. */
export interface PushStore extends ObjectReader {
  /** The folder of a local store, whose `tmp/` new packs are written to. */
  readonly root: string;
  locate(kind: ObjectKind, id: ContentId): PushPlace | undefined;
  packs(): readonly PackTable[];
  /** Why an object that is not there is not, if it was found damaged. */
  damageOf(kind: ObjectKind, id: ContentId): OcrpipeError | undefined;
  /** Reads a whole pack and compares every object with its id. Throws `object-damaged`. */
  checkPack(table: PackTable): void;
  /** Calls `use` with a file that holds a large blob. What it holds is compared with its id before, or, `unchecked`, by `use`. */
  withObject<T>(
    id: ContentId,
    use: (file: string) => Promise<T>,
    options?: { signal?: AbortSignal; unchecked?: boolean },
  ): Promise<T>;
  temporaryFile(): string;
}
