import { z } from 'zod';
import { canonicalJson } from '../../base/canonical-json.js';
import { contentIdOf } from '../../base/content-id.js';
import { writeFileAtomic } from '../../base/atomic-file.js';
import { readRegularFile } from '../../base/regular-file.js';
import type { FileState } from './finding.js';

const VERSION = 1;
/** Before any time that a clock shows. Milliseconds since 1970. */
const LONG_AGO = 1;
const number = z.number();
const schema = z.object({
  version: z.literal(VERSION),
  store: z.string(),
  /** Key: size, mtime, ctime (milliseconds), inode, when it was found sound (milliseconds since 1970). */
  files: z.record(z.string(), z.tuple([number, number, number, number, number])),
});

interface Remembered extends FileState {
  checkedAt: number;
}

/**
 * Which files of a store were found sound, and when: a line of JSON, a line with its SHA-256. It decides in which order files
 * are checked, never whether one is sound. Lost, damaged, or of another store, it is as if nothing had been checked.
 */
export class CheckMemory {
  readonly #file: string;
  readonly #store: string;
  readonly #files: Map<string, Remembered>;

  constructor(file: string, store: string) {
    this.#file = file;
    this.#store = store;
    this.#files = read(file, store);
  }

  /**
   * When the file was last found sound, milliseconds since 1970; 0 if never, or if it is not the same since. A time that is to
   * come says nothing: the clock has been set back since, and such a file would be the last one for years.
   */
  checkedAt(key: string, now: FileState): number {
    const known = this.#files.get(key);
    if (known === undefined || !sameState(known, now)) return 0;
    return known.checkedAt > Date.now() ? LONG_AGO : known.checkedAt;
  }

  /** Remembers that a file was found sound; without a state that it was not. */
  note(key: string, state: FileState | undefined, checkedAt: number): void {
    if (state) this.#files.set(key, { ...state, checkedAt });
    else this.#files.delete(key);
  }

  /** Writes it, less what is about files that are not among `keys`. */
  save(keys: ReadonlySet<string>): void {
    const files = Object.fromEntries(
      [...this.#files]
        .filter(([key]) => keys.has(key))
        .map(([key, { size, mtimeMs, ctimeMs, ino, checkedAt }]) => [
          key,
          [size, mtimeMs, ctimeMs, ino, checkedAt],
        ]),
    );
    const text = canonicalJson({ version: VERSION, store: this.#store, files });
    try {
      writeFileAtomic(this.#file, `${text}\n${contentIdOf(text)}\n`);
    } catch {
      // A read-only or full disk: the next check begins with the same files.
    }
  }
}

function sameState(a: FileState, b: FileState): boolean {
  return a.size === b.size && a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs && a.ino === b.ino;
}

function read(file: string, store: string): Map<string, Remembered> {
  try {
    const [text = '', sum] = readRegularFile(file).toString().split('\n');
    if (contentIdOf(text) !== sum) return new Map();
    const memory = schema.parse(JSON.parse(text));
    if (memory.store !== store) return new Map();
    return new Map(
      Object.entries(memory.files).map(([key, [size, mtimeMs, ctimeMs, ino, checkedAt]]) => [
        key,
        { size, mtimeMs, ctimeMs, ino, checkedAt },
      ]),
    );
  } catch {
    return new Map();
  }
}
