import { joinBytes, type BytePath } from '../byte-path.js';
import type { FreshFile } from './fresh-files.js';
import { placedStat, type PlaceResult } from './place-files.js';
import type { ScanContext } from '../scan/snapshot.js';
import { BlockReader, BlockWriter, type FolderBlock } from '../scan/stat-index-format.js';

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

  /** Files as they were written, in the order of their names, folder after folder. */
  readonly add = (files: readonly FreshFile[], result: PlaceResult): void => {
    let at = 0;
    while (at < files.length) {
      const first = files[at]!.entry.name;
      const folder = folderOf(files[at]!);
      const writer = new BlockWriter();
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

  /** `top` is where the folder stands now, relative to the workspace root. */
  save({ index }: ScanContext, top: BytePath, settledBefore: number): void {
    for (const [folder, parts] of this.#folders) {
      const writer = new BlockWriter();
      parts.sort((a, b) => (a.first < b.first ? -1 : 1));
      for (const { block } of parts) {
        for (const reader = new BlockReader(block); reader.next();) {
          if (reader.changedMs < settledBefore) writer.copy(reader.bytes);
        }
      }
      index.replaceFolder(folder === '' ? top : joinBytes(top, folder), writer.finish());
    }
  }
}

function folderOf({ below, entry }: FreshFile): string {
  return below.slice(0, Math.max(0, below.length - entry.name.length - 1));
}
