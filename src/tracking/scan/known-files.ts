import type { Stats } from 'node:fs';
import type { ContentId } from '../../base/content-id.js';
import { LARGE_BLOB_BYTES } from '../../store/format.js';
import type { ScanSink } from './sinks.js';
import type { BlockReader } from './stat-index-format.js';
import type { StoreLinks } from './store-links.js';

/** Tells which files need not be read, because their ids are remembered and their bytes need not be stored. */
export class KnownFiles {
  readonly #sink: ScanSink;
  readonly #storeLinks: StoreLinks;

  constructor({ sink, storeLinks }: { sink: ScanSink; storeLinks: StoreLinks }) {
    this.#sink = sink;
    this.#storeLinks = storeLinks;
  }

  /** The id of a file whose stat is the remembered one. */
  id(reader: BlockReader, name: string, stat: Stats): ContentId | undefined {
    const id = reader.find(name, stat);
    return id === undefined || this.#sink.has?.(id, stat.size) === false ? undefined : id;
  }

  /** The id of a large file that is the store's own, which another link to it made look changed. */
  linkedId(reader: BlockReader, name: string, stat: Stats): ContentId | undefined {
    if (stat.size < LARGE_BLOB_BYTES) return undefined;
    const id = reader.findLinked(name, stat);
    if (id === undefined || !this.#storeLinks.isObject(id, stat)) return undefined;
    return this.#sink.has?.(id, stat.size) === false ? undefined : id;
  }

  /** True if the bytes of the current file of `reader` need not be stored; `wasStored` says that its folder was. */
  isInStore(reader: BlockReader, wasStored: boolean): boolean {
    if (!this.#sink.has || (wasStored && !reader.isNew && reader.size < LARGE_BLOB_BYTES)) return true;
    return this.#sink.has(reader.id, reader.size);
  }
}
