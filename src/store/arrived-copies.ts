import { chmodSync, linkSync, statSync, utimesSync } from 'node:fs';
import type { ContentId } from '../base/content-id.js';
import { systemErrorCode } from '../base/errors.js';
import { writePoint } from '../base/write-points.js';
import { fileState } from './file-state.js';
import { unlinkIfThere } from './temporary.js';

interface PlacedCopy {
  second: number;
  executable: boolean;
}

/**
 * Second files of large blobs, written and hashed while the first arrived: for whoever is to copy a blob out of the store next. They are
 * temporary names of this process.
 */
export class ArrivedCopies {
  readonly #copies = new Map<ContentId, { file: string; state: string }>();

  /** Hands over a file that holds exactly the bytes of the id. */
  offer(id: ContentId, file: string): void {
    this.drop(id);
    const stat = stateAt(file);
    if (stat !== undefined) this.#copies.set(id, { file, state: stat });
  }

  has(id: ContentId): boolean {
    return this.#copies.has(id);
  }

  /**
   * Makes the file at `path`, a name that is free, of a copy; its time becomes `second`, since 1970. False, and nothing is changed, where
   * there is no copy (any more), somebody wrote to it, or it cannot get that name.
   */
  place(id: ContentId, path: string | Buffer, { second, executable }: PlacedCopy): boolean {
    const copy = this.#copies.get(id);
    if (copy === undefined) return false;
    this.#copies.delete(id);
    try {
      if (stateAt(copy.file) !== copy.state) return false;
      if (executable) chmodSync(copy.file, executableBits(statSync(copy.file).mode));
      utimesSync(copy.file, second, second);
      writePoint();
      // A rename would replace what stands there, and file systems flush what replaces something.
      linkSync(copy.file, path);
      return true;
    } catch (error) {
      if (systemErrorCode(error) === undefined) throw error;
      return false;
    } finally {
      unlinkIfThere(copy.file);
    }
  }

  drop(id: ContentId): void {
    const copy = this.#copies.get(id);
    this.#copies.delete(id);
    if (copy) unlinkIfThere(copy.file);
  }

  /** Removes those that nobody took. */
  close(): void {
    for (const id of this.#copies.keys()) this.drop(id);
  }
}

/** Who may read it may run it: what the umask leaves of a new file that is executable. */
function executableBits(mode: number): number {
  return (mode & 0o777) | ((mode & 0o444) >> 2);
}

/** Undefined where there is none. */
function stateAt(file: string): string | undefined {
  const stat = statSync(file, { bigint: true, throwIfNoEntry: false });
  return stat && fileState(stat);
}
