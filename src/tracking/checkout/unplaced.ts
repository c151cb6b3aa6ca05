import { OcrpipeError } from '../../base/errors.js';
import type { RepoPath } from '../../base/paths.js';
import { shellQuote } from '../../base/shell-quote.js';
import type { LocalStore } from '../../store/local-store.js';
import type { ObjectReader } from '../../store/object-reader.js';
import type { FileEntry, SymlinkEntry } from '../../store/tree-format.js';
import { directoryIn, walkTree } from '../../store/tree-reader.js';
import { textBelow } from '../byte-path.js';
import type { Work } from './write-files.js';
import { namesOf, refuseEscapingLink, type PlannedChange } from './checkout-plan.js';
import { isUnreadable } from './readable-tree.js';

/** The path that is checked out, and the one above it (or itself) that has the pointer. */
interface Place {
  path: RepoPath;
  tracked: RepoPath;
}

/** The files of a checkout whose bytes the store cannot give: they are left out, and named when all others are in place. */
export class Unplaced {
  readonly #place: Place;
  readonly #missing: string[] = [];
  readonly #damaged: string[] = [];

  constructor(place: Place) {
    this.#place = place;
  }

  /** Writes one file (`below`: raw bytes as latin1), unless its bytes cannot be had. */
  *guard(below: string, write: () => Work<void>): Work<void> {
    try {
      yield* write();
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      const names = error.code === 'object-missing' ? this.#missing : this.#damaged;
      names.push(textBelow(this.#place.path, below));
    }
  }

  /** Throws `object-missing` or `object-damaged`, naming the files, if there are any. */
  refuse(): void {
    const { tracked } = this.#place;
    const failure = unreadable(tracked, { missing: this.#missing, damaged: this.#damaged });
    if (failure) throw failure(`; everything else of ${tracked} is in place`);
  }
}

/**
 * Refuses what could place nothing: the store has not the listing of what is wanted (`listing`: of all that is compared), or
 * none of its files. Refuses links that leave the directory too.
 */
export function refuseNothingToPlace(
  { store, trees }: { store: LocalStore; trees: ObjectReader },
  place: Place,
  changes: readonly PlannedChange[],
): void {
  let wanted = 0;
  const missing: string[] = [];
  const damaged: string[] = [];
  for (const change of changes) {
    requireListing(place, change.below, () => {
      for (const { below, entry } of wantedEntries(trees, change)) {
        wanted += 1;
        if (entry.kind === 'symlink') refuseEscapingLink(place.path, below, entry);
        else if (!store.has('blob', entry.id)) {
          (store.damageOf('blob', entry.id) ? damaged : missing).push(textBelow(place.path, below));
        }
      }
    });
  }
  const failure = unreadable(place.tracked, { missing, damaged });
  if (failure && missing.length + damaged.length === wanted) {
    throw failure(`; ${place.tracked} is left as it is`);
  }
}

/** Runs `read`, which reads listings below a path: where the store lacks one, nothing can be said of what is below. */
export function requireListing<T>({ path, tracked }: Place, below: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!isUnreadable(error) || error.code !== 'object-missing') throw error;
    throw notInStore(tracked, [textBelow(path, below)], `; ${tracked} is left as it is`);
  }
}

/** The files and links that a change puts there. */
function* wantedEntries(
  reader: ObjectReader,
  { below, new: wanted }: PlannedChange,
): Generator<{ below: string; entry: FileEntry | SymlinkEntry }> {
  if (wanted?.kind !== 'directory') {
    if (wanted) yield { below, entry: wanted };
    return;
  }
  for (const { path, entry } of walkTree(directoryIn({ reader, id: wanted.id }, wanted), below)) {
    if (entry.kind !== 'directory') yield { below: path, entry };
  }
}

/** The failure to read some files, less the words on what became of the rest; undefined if none failed. */
function unreadable(
  tracked: RepoPath,
  { missing, damaged }: { missing: readonly string[]; damaged: readonly string[] },
): ((rest: string) => OcrpipeError) | undefined {
  if (damaged.length > 0) {
    const absent = missing.length === 0 ? '' : `, and it has not those of ${namesOf(missing)}`;
    const message = `the store's bytes of ${namesOf(damaged)} are damaged${absent}`;
    const hint = `Get them again from a remote with 'ocrpipe pull ${shellQuote(tracked)}'.`;
    return (rest) => new OcrpipeError('object-damaged', `${message}${rest}`, { hint });
  }
  return missing.length > 0 ? (rest) => notInStore(tracked, missing, rest) : undefined;
}

function notInStore(tracked: RepoPath, names: readonly string[], rest: string): OcrpipeError {
  return new OcrpipeError('object-missing', `the store has not the bytes of ${namesOf(names)}${rest}`, {
    hint: `Get them from a remote with 'ocrpipe pull ${shellQuote(tracked)}'.`,
  });
}
