import type { Stats } from 'node:fs';
import type { TreeSummary } from '../../store/tree-builder.js';
import { joinBytes } from '../byte-path.js';
import { lookInFolder, type StatOf } from './look-in-folder.js';
import { sameTree, seenAs, type Differing, type Here, type ScannerParts } from './scanned.js';
import { BlockReader, type EntryPlace } from './stat-index-format.js';
import { NAMES_TOGETHER } from './stats-ahead.js';

/** Where a look at remembered names stopped: at one that is a folder still, at one that is gone or something else now, or for now. */
export type Stop = { at: 'folder'; name: string; dev: number } | { at: 'other' | 'pause' | 'end' };

/**
 * Looks at the names that are remembered of a folder: the loop that decides what an unchanged workspace costs. No id and no path is
 * made in it that is not needed.
 */
export class RememberedNames {
  readonly #here: Here;
  readonly #parts: ScannerParts;
  readonly #isInStore: (file: BlockReader) => boolean;
  /** True if another thread found the file, whose turn it is, to be as it is remembered. */
  readonly #wasSame: (() => boolean) | undefined;
  /** At the name where the last look stopped. */
  readonly reader: BlockReader;
  /** Files that are not the remembered ones, or whose bytes the store lacks. */
  readonly differing: Differing = new Map();
  /** Where entries stand that are as remembered, but may differ from the directory that was stored last. */
  readonly unstored: EntryPlace[] = [];
  /** Names looked at so far, and how many of them are files as they are remembered. */
  names = 0;
  files = 0;

  constructor(here: Here, parts: ScannerParts, isInStore: (file: BlockReader) => boolean) {
    this.#here = here;
    this.#parts = parts;
    this.#isInStore = isInStore;
    this.#wasSame = parts.ahead?.namesOf(here.folder);
    this.reader = new BlockReader(here.known);
  }

  /** Looks at names until it comes to a folder or something else, to the end, or it is time to pause. */
  lookOn(): Stop {
    const { absolute, known } = this.#here;
    return lookInFolder(absolute, known.count, (statOf) => this.#look(statOf));
  }

  #look(statOf: StatOf): Stop {
    const { reader } = this;
    for (let left = NAMES_TOGETHER; left > 0; left -= 1) {
      if (!reader.next()) return { at: 'end' };
      this.names += 1;
      const wasSame = this.#wasSame?.() === true;
      if (reader.isFolder) return this.#folder(statOf);
      if (!wasSame) {
        const stat = this.#stat(statOf);
        if (stat?.isFile() !== true) return { at: 'other' };
        if (!reader.matches(stat)) {
          this.differing.set(reader.name, { at: reader.place });
          continue;
        }
      }
      if (!this.#isInStore(reader)) this.differing.set(reader.name, { at: reader.place });
      else this.#takeFile();
    }
    return { at: 'pause' };
  }

  /** The folder at which the last look stopped is what it says now. */
  takeFolder(tree: TreeSummary): void {
    const { name, place } = this.reader;
    if (!sameTree(tree, this.reader.tree)) this.differing.set(name, { at: place, tree });
    else if (this.reader.isNew) this.unstored.push(place);
  }

  #takeFile(): void {
    this.files += 1;
    if (this.reader.isNew) this.unstored.push(this.reader.place);
  }

  #folder(statOf: StatOf): Stop {
    const stat = this.#stat(statOf);
    return stat?.isDirectory() === true
      ? { at: 'folder', name: this.reader.name, dev: stat.dev }
      : { at: 'other' };
  }

  #stat(statOf: StatOf): Stats | undefined {
    const { name } = this.reader;
    const seen = statOf(name);
    // No path is made of what nearly every name is.
    if (seen?.isFile() === true) return this.#parts.times.view(seen);
    return seenAs(joinBytes(this.#here.absolute, name), seen, this.#parts);
  }
}
