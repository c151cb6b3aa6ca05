import { closeSync, constants, openSync } from 'node:fs';
import { temporaryBeside } from '../../base/atomic-file.js';
import { fsPath, joinBytes, type BytePath } from '../byte-path.js';

/** The longest path that Linux opens, in bytes. */
const LONGEST_BYTES = 4095;
const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * Paths of what is written under a temporary name, which is longer than the final one: a path that just fits would not fit
 * there. Linux reaches what is in an open folder through the folder's descriptor, however long its own path is, on every
 * thread of this process. Elsewhere such paths stay as they are, and are refused when they are opened.
 */
export class ShortPaths {
  readonly #open = new Map<BytePath, number>();

  /** `below` (one name or several) in a folder that is there, as a path that can be opened. */
  join(folder: BytePath, below: string): BytePath {
    const path = joinBytes(folder, below);
    if (path.length <= LONGEST_BYTES || process.platform !== 'linux') return path;
    return joinBytes(this.#shortOf(folder), below);
  }

  /** A temporary name beside `path`. */
  beside(path: BytePath): BytePath {
    return this.join(path.slice(0, path.lastIndexOf('/')) as BytePath, temporaryBeside('x'));
  }

  /** To be called when nobody writes any more: a descriptor's number may soon be that of another folder. */
  close(): void {
    for (const fd of this.#open.values()) closeSync(fd);
    this.#open.clear();
  }

  #shortOf(folder: BytePath): BytePath {
    const fd = this.#open.get(folder) ?? openSync(fsPath(folder), FOLDER);
    this.#open.set(folder, fd);
    return `/proc/self/fd/${fd}` as BytePath;
  }
}
