import { closeSync, fchmodSync, fstatSync, ftruncateSync, mkdirSync, openSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { removeAbandonedIn } from './abandoned.js';
import { temporaryBeside, writeAllAt } from './atomic-file.js';

/** A file of this process that can be linked to the name of a lock. */
export interface LockFile {
  readonly path: string;
  readonly fd: number;
}

/**
 * The files that one command links to the names of its locks. One that was a lock is kept for the next lock in its folder: making and
 * deleting a file costs several times as much as all else about a lock. Close it at the end: that removes them.
 */
export class LockFiles {
  /** Files that are no lock now, by folder. A folder that is in here was made, and what killed commands left in it removed. */
  readonly #spare = new Map<string, LockFile[]>();

  /** A file beside `path` that holds `text`. */
  take(path: string, text: string): LockFile {
    const file = this.#spareBeside(path) ?? newFile(path);
    try {
      const bytes = Buffer.from(text);
      writeAllAt(file.fd, bytes, 0);
      ftruncateSync(file.fd, bytes.length);
      return file;
    } catch (error) {
      drop(file);
      throw error;
    }
  }

  /** The file is no lock any more. */
  giveBack(file: LockFile): void {
    const spare = this.#spare.get(dirname(file.path));
    if (spare) spare.push(file);
    else drop(file);
  }

  close(): void {
    for (const file of [...this.#spare.values()].flat()) drop(file);
    this.#spare.clear();
  }

  #spareBeside(path: string): LockFile | undefined {
    const folder = dirname(path);
    const spare = this.#spare.get(folder) ?? this.#enter(folder);
    for (let file = spare.pop(); file; file = spare.pop()) {
      // Somebody may have tidied up: what has no name cannot be linked to.
      if (fstatSync(file.fd).nlink > 0) return file;
      closeSync(file.fd);
    }
    return undefined;
  }

  #enter(folder: string): LockFile[] {
    mkdirSync(folder, { recursive: true });
    removeAbandonedIn(folder);
    const spare: LockFile[] = [];
    this.#spare.set(folder, spare);
    return spare;
  }
}

function newFile(path: string): LockFile {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = temporaryBeside(path);
  const file = { path: temporary, fd: openSync(temporary, 'wx', 0o666) };
  try {
    // Whoever waits must be able to read who holds it, also as another user.
    fchmodSync(file.fd, 0o644);
    return file;
  } catch (error) {
    drop(file);
    throw error;
  }
}

function drop({ path, fd }: LockFile): void {
  closeSync(fd);
  try {
    unlinkSync(path);
  } catch {
    // Somebody tidied up, or it was renamed to a lock.
  }
}
