import type { ContentId } from '../../base/content-id.js';
import {
  BlockReader,
  BlockWriter,
  EMPTY_BLOCK,
  type FileStat,
  type FolderBlock,
} from './stat-index-format.js';

/** What is remembered of a folder, for who asks for its files one by one: each costs the same, however many there are. */
export class SingleFiles {
  /** The entries as they stand in a block, by name. */
  readonly #entries = new Map<string, Buffer>();
  /** The block that holds the same. */
  #block: FolderBlock;
  #changed = false;

  constructor(block: FolderBlock) {
    this.#block = block;
    for (const reader = new BlockReader(block); reader.next();) this.#entries.set(reader.name, reader.bytes);
  }

  /** True if this was made from `block`, or made it. */
  isOf(block: FolderBlock): boolean {
    return this.#block === block;
  }

  /** A block of the one name; empty if nothing is remembered of it. */
  only(name: string): FolderBlock {
    const entry = this.#entries.get(name);
    return entry === undefined ? EMPTY_BLOCK : { count: 1, entries: entry };
  }

  /** Remembers one file; without a stat it is forgotten. False if that is what was remembered. */
  replace(name: string, entry?: { stat: FileStat; id: ContentId }): boolean {
    const writer = new BlockWriter();
    if (entry) writer.add(name, entry.stat, entry.id);
    const { entries } = writer.finish();
    if (entries.equals(this.only(name).entries)) return false;
    if (entry) this.#entries.set(name, entries);
    else this.#entries.delete(name);
    this.#changed = true;
    return true;
  }

  /** All of it. Where anything changed, what was known of the folder as a whole no longer holds. */
  block(): FolderBlock {
    if (!this.#changed) return this.#block;
    const writer = new BlockWriter();
    for (const name of [...this.#entries.keys()].sort()) writer.copy(this.#entries.get(name)!);
    this.#changed = false;
    return (this.#block = writer.finish());
  }
}
