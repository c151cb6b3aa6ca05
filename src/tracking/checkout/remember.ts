import type { ContentId } from '../../base/content-id.js';
import { joinBytes, type BytePath } from '../byte-path.js';
import type { FreshFile } from './fresh-files.js';
import { placedStat, type PlaceResult } from './place-files.js';
import type { ScanContext } from '../scan/snapshot.js';
import {
  BlockReader,
  BlockWriter,
  fileEntryBytes,
  type FileStat,
  type FolderBlock,
} from '../scan/stat-index-format.js';

/** Some files of one folder, ascending by name; those of other parts stand all before or all behind them. */
interface Part {
  readonly first: string;
  readonly block: FolderBlock;
}

/**
 * Puts the files of a folder that was built aside into the stat index, so that the next command need not read them. Nobody
 * else knows them before the folder is renamed: those whose times are older than a time asked just before that hold what was
 * written.
 */
export class FreshMemory {
  /** By folder below the top one, '' for itself; the parts in no order. */
  readonly #folders = new Map<string, Part[]>();
  /** By folder, in no order. */
  readonly #large = new Map<string, { name: string; stat: FileStat; id: ContentId }[]>();

  /** Files as they were written, in the order of their names, folder after folder. */
  readonly add = (files: readonly FreshFile[], result: PlaceResult): void => {
    let at = 0;
    while (at < files.length) {
      const first = files[at]!.entry.name;
      const folder = folderOf(files[at]!);
      const writer = new BlockWriter(roomFor(files.slice(at).map(({ entry }) => entry)));
      for (; at < files.length && folderOf(files[at]!) === folder; at += 1) {
        const { name, id } = files[at]!.entry;
        const stat = placedStat(result, at);
        if (stat) writer.add(name, stat, id);
      }
      const parts = this.#folders.get(folder) ?? [];
      this.#folders.set(folder, parts);
      parts.push({ first, block: writer.finish() });
    }
  };

  /** A large file, whose time is past: whatever is written to it from now on changes that. */
  readonly addLarge = (file: FreshFile, stat: FileStat): void => {
    const folder = folderOf(file);
    const large = this.#large.get(folder) ?? [];
    this.#large.set(folder, large);
    large.push({ name: file.entry.name, stat, id: file.entry.id });
  };

  /** `top` is where the folder stands now, relative to the workspace root. */
  save({ index }: ScanContext, top: BytePath, settledBefore: number): void {
    for (const folder of new Set([...this.#folders.keys(), ...this.#large.keys()])) {
      const block = this.#blockOf(folder, settledBefore);
      index.replaceFolder(folder === '' ? top : joinBytes(top, folder), block);
    }
  }

  /** Large files stand between the others by their names. */
  #blockOf(folder: string, settledBefore: number): FolderBlock {
    const parts = (this.#folders.get(folder) ?? []).sort((a, b) => (a.first < b.first ? -1 : 1));
    const small = parts.reduce((sum, { block }) => sum + block.entries.length, 0);
    const large = [...(this.#large.get(folder) ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1));
    const writer = new BlockWriter(small + roomFor(large));
    const addLarge = (before?: string): void => {
      while (large[0] && (before === undefined || large[0].name < before)) {
        const { name, stat, id } = large.shift()!;
        writer.add(name, stat, id);
      }
    };
    for (const { block } of parts) {
      for (const reader = new BlockReader(block); reader.next();) {
        if (reader.changedMs >= settledBefore) continue;
        addLarge(reader.name);
        writer.copy(reader.bytes);
      }
    }
    addLarge();
    return writer.finish();
  }
}

function roomFor(files: readonly { name: string }[]): number {
  return files.reduce((sum, { name }) => sum + fileEntryBytes(name), 0);
}

function folderOf({ below, entry }: FreshFile): string {
  return below.slice(0, Math.max(0, below.length - entry.name.length - 1));
}
