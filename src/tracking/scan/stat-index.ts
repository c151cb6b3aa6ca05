import { isDeepStrictEqual } from 'node:util';
import type { ContentId } from '../../base/content-id.js';
import { LARGE_BLOB_BYTES } from '../../store/format.js';
import type { BytePath } from '../byte-path.js';
import { SingleFiles } from './single-files.js';
import type { IndexContent } from './stat-index-file.js';
import { StatIndexFiles } from './stat-index-files.js';
import {
  asStored,
  BlockReader,
  EMPTY_BLOCK,
  type FileStat,
  type FolderBlock,
  type FolderMemory,
  type PackSizes,
} from './stat-index-format.js';

/** In long work, what was learnt is written so often. Milliseconds. */
const SAVED_EVERY_MS = 1000;

/**
 * This machine's memory of path and stat -> content id, read once and written when something changed. Folders are
 * relative to the workspace root, '' for the root itself. A lost or damaged file only costs reading again.
 */
export class StatIndex {
  readonly #files: StatIndexFiles;
  #content: IndexContent | undefined;
  /** Folders whose files were asked for one by one. */
  readonly #single = new Map<string, SingleFiles>();
  /** Those of them that are ahead of the content. */
  readonly #unfolded = new Map<string, SingleFiles>();
  #changed = false;
  /** Pieces of work that save at their end. */
  #held = 0;
  /** Pieces of work that save now and then. */
  #seldom = 0;
  #savedAt = Number.NEGATIVE_INFINITY;

  constructor(file: string) {
    this.#files = new StatIndexFiles(file);
  }

  /** What is remembered of one folder. */
  folder(folder: BytePath): FolderBlock {
    return this.#loaded().blocks.get(folder) ?? EMPTY_BLOCK;
  }

  /** The folders at or below `folder` of which everything is remembered. */
  wholeFolders(folder: BytePath): (readonly [BytePath, FolderBlock])[] {
    return [...this.#loaded().blocks]
      .filter(([path, { memory }]) => memory !== undefined && isAtOrBelow(path, folder))
      .map(([path, block]) => [path as BytePath, block]);
  }

  /** Replaces what is remembered of one folder. */
  replaceFolder(folder: BytePath, block: FolderBlock): void {
    const blocks = this.#loaded().blocks;
    const before = blocks.get(folder) ?? EMPTY_BLOCK;
    if (before.entries.equals(block.entries) && sameMemory(before.memory, block.memory)) return;
    this.#changed = true;
    if (block.count === 0 && block.memory === undefined) blocks.delete(folder);
    else blocks.set(folder, block);
  }

  /** What is remembered of one file of a folder, as a block of it alone. */
  file(folder: BytePath, name: string): FolderBlock {
    return this.#filesOf(folder).only(name);
  }

  /** Remembers one file, leaving the others of its folder; without a stat it is forgotten. */
  replaceFile(folder: BytePath, name: string, entry?: { stat: FileStat; id: ContentId }): void {
    const files = this.#filesOf(folder);
    if (!files.replace(name, entry)) return;
    this.#unfolded.set(folder, files);
    this.#changed = true;
  }

  #filesOf(folder: BytePath): SingleFiles {
    const unfolded = this.#unfolded.get(folder);
    if (unfolded) return unfolded;
    const block = (this.#content ??= this.#files.read()).blocks.get(folder) ?? EMPTY_BLOCK;
    const known = this.#single.get(folder);
    const files = known?.isOf(block) === true ? known : new SingleFiles(block);
    this.#single.set(folder, files);
    return files;
  }

  /** Forgets folders at or below `folder` that are not in `kept`. */
  forgetOthers(folder: BytePath, kept: ReadonlySet<string>): void {
    const blocks = this.#loaded().blocks;
    for (const known of blocks.keys()) {
      if (!isAtOrBelow(known, folder) || kept.has(known)) continue;
      blocks.delete(known);
      this.#changed = true;
    }
  }

  /** True if the folders that are remembered as stored still are, in a store with these packs. */
  storedIn(packs: PackSizes): boolean {
    return areAmong(this.#loaded().packs, packs);
  }

  /**
   * Remembers that what scans just saw at or below `folders` is stored, in a store that had these packs when they began and
   * has those now. Where a pack that was named before is gone, nothing else counts as stored any more.
   */
  rememberStored(folders: readonly BytePath[], begun: PackSizes, packs: PackSizes): void {
    if (!areAmong(begun, packs)) return;
    const content = this.#loaded();
    const others = this.storedIn(packs);
    for (const [path, block] of content.blocks) {
      const { memory } = block;
      if (!memory) continue;
      const now = folders.some((folder) => isAtOrBelow(path, folder))
        ? asStored(block)
        : others || memory.stored === undefined
          ? block
          : { ...block, memory: { ...memory, stored: undefined } };
      if (now === block) continue;
      content.blocks.set(path, now);
      this.#changed = true;
    }
    // Packs that came since are named only when something is remembered anew: an index is not rewritten for them alone.
    if (this.#changed || !others) this.#content = { ...content, packs };
    this.#changed ||= !others;
  }

  /**
   * True if the tree `id` was just seen at `folder` and all of it is remembered as stored, in a store with these packs; of a file
   * that is too large for a pack, `has` is asked. False where not all is remembered.
   */
  isStored(
    folder: BytePath,
    id: ContentId,
    { packs, has }: { packs: () => PackSizes; has: (id: ContentId, size: number) => boolean },
  ): boolean {
    const { blocks } = this.#loaded();
    if (blocks.get(folder)?.memory?.tree.id !== id || !this.storedIn(packs())) return false;
    for (const [path, block] of blocks) {
      if (!isAtOrBelow(path, folder)) continue;
      if (!block.memory || block.memory.stored !== block.memory.tree.id) return false;
      for (const reader = new BlockReader(block); reader.next();) {
        const isLarge = !reader.isFolder && reader.size >= LARGE_BLOB_BYTES;
        if (isLarge && !has(reader.id, reader.size)) return false;
      }
    }
    return true;
  }

  /** A folder was renamed, with all that is below it: what is remembered of them goes along. */
  moveFolder(from: BytePath, to: BytePath): void {
    const { blocks } = this.#loaded();
    for (const [known, block] of [...blocks]) {
      if (!isAtOrBelow(known, from)) continue;
      blocks.delete(known);
      blocks.set(`${to}${known.slice(from.length)}`, block);
      this.#changed = true;
    }
  }

  /** Saves once, at the end of `work`, what it learns. */
  async savingOnce<T>(work: () => Promise<T>): Promise<T> {
    this.#held += 1;
    try {
      return await work();
    } finally {
      this.#held -= 1;
      this.save();
    }
  }

  /** Saves now and then during `work`, and at its end. */
  async savingSeldom<T>(work: () => Promise<T>): Promise<T> {
    this.#seldom += 1;
    try {
      return await work();
    } finally {
      this.#seldom -= 1;
      this.save();
    }
  }

  /** Writes the file if anything changed. Not flushed to disk: after a power cut it is whole, or found damaged and dropped. */
  save(): void {
    if (!this.#changed || this.#held > 0) return;
    const now = performance.now();
    if (this.#seldom > 0 && now - this.#savedAt < SAVED_EVERY_MS) return;
    this.#savedAt = now;
    this.#changed = false;
    try {
      this.#files.write(this.#loaded());
    } catch {
      // A read-only or full disk: only the next scan is slower.
    }
  }

  #loaded(): IndexContent {
    const content = (this.#content ??= this.#files.read());
    for (const [folder, files] of this.#unfolded) {
      const block = files.block();
      if (block.count === 0) content.blocks.delete(folder);
      else content.blocks.set(folder, block);
    }
    this.#unfolded.clear();
    return content;
  }
}

function areAmong(some: PackSizes, all: PackSizes): boolean {
  return [...some].every(([id, bytes]) => all.get(id) === bytes);
}

function sameMemory(a: FolderMemory | undefined, b: FolderMemory | undefined): boolean {
  return isDeepStrictEqual(a, b);
}

function isAtOrBelow(path: string, folder: BytePath): boolean {
  return folder === '' || path === folder || path.startsWith(`${folder}/`);
}
