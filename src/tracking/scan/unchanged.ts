import { closeSync, fstatSync, openSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { CAUTIOUS_READ } from '../../base/cautious-read.js';
import { contentIdOf } from '../../base/content-id.js';
import { LARGE_BLOB_BYTES } from '../../store/format.js';
import type { FileEntry } from '../../store/tree-format.js';
import { hashInSteps, toTheEnd } from '../../store/verify-pack.js';
import { bytePath, fsPath, type BytePath } from '../byte-path.js';
import type { FileTimes } from './file-times.js';
import type { ScanContext } from './snapshot.js';
import { readStable } from './stable-read.js';
import { sameStat, type BlockReader } from './stat-index-format.js';
import type { StoreLinks } from './store-links.js';

/** Tells whether a file is still what a scan, begun after this was made, saw of it. */
export class UnchangedFiles {
  readonly #settledBefore: number;
  readonly #storeLinks: StoreLinks;
  readonly #times: FileTimes;

  constructor(context: ScanContext) {
    this.#times = context.times;
    this.#storeLinks = context.storeLinks;
    this.#settledBefore = context.times.settledBefore(bytePath(join(context.root, '.ocrstore')));
  }

  /** True if `path` holds the bytes of `entry`: by its stat if that is older than the scan, by reading otherwise. */
  is(path: BytePath, entry: FileEntry): boolean {
    return toTheEnd(
      this.#holds(path, entry, (stat) => Math.max(stat.mtimeMs, stat.ctimeMs) < this.#settledBefore),
    );
  }

  /** The same, whatever the stat says: what stands there may never have been scanned. Done in steps, as a large file takes long. */
  holds(path: BytePath, entry: FileEntry): Generator<0, boolean> {
    return this.#holds(path, entry, () => false);
  }

  /** True if `path` is the very file, unchanged, of which `block`, asked in the order of names, remembers the id of `entry`. */
  isAsRemembered(path: BytePath, { name, id }: FileEntry, block: BlockReader): boolean {
    const stat = this.#storeLinks.stat(fsPath(path));
    return stat?.isFile() === true && block.find(name, this.#times.view(stat)) === id;
  }

  *#holds(path: BytePath, entry: FileEntry, isOld: (stat: Stats) => boolean): Generator<0, boolean> {
    const stat = this.#storeLinks.stat(fsPath(path));
    if (stat?.isFile() !== true || stat.size !== entry.size) return false;
    if (this.#storeLinks.isObject(entry.id, stat) || isOld(stat)) return true;
    if (entry.size >= LARGE_BLOB_BYTES) return yield* holdsLarge(path, entry);
    const read = readStable(path, Buffer.allocUnsafe(entry.size + 1));
    return read !== undefined && contentIdOf(read.bytes) === entry.id;
  }
}

/** Reads a large file piece by piece; one that changes meanwhile holds something else. */
function* holdsLarge(path: BytePath, entry: FileEntry): Generator<0, boolean> {
  const fd = openSync(fsPath(path), CAUTIOUS_READ);
  try {
    const before = fstatSync(fd);
    return (yield* hashInSteps(fd)) === entry.id && sameStat(before, fstatSync(fd));
  } finally {
    closeSync(fd);
  }
}
