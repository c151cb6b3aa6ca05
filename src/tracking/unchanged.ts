import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { contentIdOf } from '../base/content-id.js';
import type { FileEntry } from '../store/tree-format.js';
import { bytePath, fsPath, type BytePath } from './byte-path.js';
import type { ScanContext } from './snapshot.js';
import { readStable } from './stable-read.js';

/** Tells whether a file is still what a scan, begun after this was made, saw of it. */
export class UnchangedFiles {
  readonly #settledBefore: number;

  constructor(context: ScanContext) {
    this.#settledBefore = context.times.settledBefore(bytePath(join(context.root, '.ocrstore')));
  }

  /** True if `path` holds the bytes of `entry`: by its stat if that is older than the scan, by reading otherwise. */
  is(path: BytePath, entry: FileEntry): boolean {
    const stat = lstatSync(fsPath(path), { throwIfNoEntry: false });
    if (stat?.isFile() !== true || stat.size !== entry.size) return false;
    if (Math.max(stat.mtimeMs, stat.ctimeMs) < this.#settledBefore) return true;
    const read = readStable(path, Buffer.allocUnsafe(entry.size + 1));
    return read !== undefined && contentIdOf(read.bytes) === entry.id;
  }
}
