import { closeSync, linkSync, rmSync, statSync, symlinkSync, type Stats } from 'node:fs';
import { posix, relative } from 'node:path';
import { systemErrorCode, userError, type OcrpipeError } from '../../base/errors.js';
import type { LinkType } from '../../base/link-type.js';
import { writePoint } from '../../base/write-points.js';
import type { LocalStore } from '../../store/local-store.js';
import type { FileEntry } from '../../store/tree-format.js';
import type { StoreLink } from '../scan/store-links.js';
import { textOfBytes } from '../../base/byte-text.js';
import { bytePath, fsPath, type BytePath } from '../byte-path.js';
import { copyObject, makePast, pastSecond, type CopyRequest } from './copy-object.js';
import { modeOf, openNew, type Work } from './write-files.js';

/** What says that this type of link cannot be made here, whereas another may. */
const NOT_HERE = new Set([
  'EXDEV',
  'EPERM',
  'EMLINK',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
  'EINVAL',
  'ENOTTY',
  'EBADF',
]);
/** Of these each file may differ: somebody else's file may not be linked to, one with many links may not get another. */
const OF_ONE_FILE = new Set(['EPERM', 'EMLINK']);

/** How a file is in place: as the store's own file, or as one of its own. */
export type PlacedAs = StoreLink | 'own';

/** Puts large blobs of a store into place: each by the first type of link that works for it. */
export class LargeFiles {
  readonly #store: LocalStore;
  /** The workspace root: links to a store in it go there by a relative path, so that all of it can be moved. */
  readonly #root: BytePath;
  #types: readonly LinkType[];
  #refusal: unknown;
  #worked: LinkType | undefined;

  constructor(store: LocalStore, at: { root: string; links: readonly LinkType[] }) {
    this.#store = store;
    this.#root = bytePath(at.root);
    this.#types = at.links;
  }

  /**
   * Makes the file at `path`, a name that is free, of the bytes of `entry`, verified, and returns its stat (that of the stored
   * file, where it is a link to it). Its time is past: whoever writes to it gives it another. What is executable is never a
   * link, for stored files are not. Throws `object-missing`, `object-damaged`, and `no-link-works`.
   */
  *place(path: BytePath, entry: FileEntry): Work<Stats> {
    const stat = yield* this.#placeUnless(undefined, path, entry);
    if (stat) return stat;
    throw this.#noneWorks(path);
  }

  /**
   * How another thread can make the file that `place` would make; undefined if there is nothing to be copied, or it is not known
   * yet whether that works. Done by another thread it fails where `place` does, which says why.
   */
  copyOf(path: BytePath, entry: FileEntry): CopyRequest | undefined {
    const [type] = this.#typesFor(entry);
    if (this.#store.arrivedCopies.has(entry.id)) return undefined;
    if (type !== 'copy' && !(type === 'reflink' && this.#worked === type)) return undefined;
    const place = this.#store.locate('blob', entry.id);
    if (place?.in !== 'file' || place.length !== entry.size) return undefined;
    return { as: type, object: place.file, id: entry.id, path, mode: modeOf(entry) };
  }

  /** Like `place`; undefined, and nothing is made, where a file that is `now` in place should not be placed otherwise. */
  placeOtherwise(now: PlacedAs, path: BytePath, entry: FileEntry): Work<Stats | undefined> {
    return this.#placeUnless(now, path, entry);
  }

  *#placeUnless(now: PlacedAs | undefined, path: BytePath, entry: FileEntry): Work<Stats | undefined> {
    for (const type of this.#typesFor(entry)) {
      if (now === type || (now === 'own' && (type === 'reflink' || type === 'copy'))) return undefined;
      try {
        yield* this.#placeAs(type, path, entry);
        this.#worked = type;
        return statSync(fsPath(path));
      } catch (error) {
        this.#refused(type, error);
      }
    }
    return undefined;
  }

  /** Goes on to the next type, or throws what stands in the way of all. */
  #refused(type: LinkType, error: unknown): void {
    const code = systemErrorCode(error);
    if (type === 'copy' || code === undefined || !NOT_HERE.has(code)) throw error;
    if (!OF_ONE_FILE.has(code)) this.#types = this.#types.filter((each) => each !== type);
    this.#refusal = error;
  }

  #typesFor({ executable }: FileEntry): readonly LinkType[] {
    if (!executable) return this.#types;
    return [...this.#types.filter((type) => type === 'reflink'), 'copy'];
  }

  *#placeAs(type: LinkType, path: BytePath, entry: FileEntry): Work<void> {
    if (type === 'copy') {
      yield* this.#copy(path, entry);
      return;
    }
    const object = this.#store.sealedFile(entry.id);
    if (type === 'reflink') yield* this.#clone(object, path, entry);
    else {
      writePoint();
      if (type === 'hardlink') linkSync(object, fsPath(path));
      else symlinkSync(this.#targetFor(path, object), fsPath(path));
    }
  }

  *#copy(path: BytePath, entry: FileEntry): Work<void> {
    const { id, executable } = entry;
    if (this.#store.arrivedCopies.place(id, fsPath(path), { executable, second: pastSecond() })) return;
    writePoint();
    const fd = openNew(path, modeOf(entry));
    yield* unlessItFails(path, () => this.#copyTo(fd, entry.id));
  }

  *#copyTo(fd: number, id: FileEntry['id']): Work<void> {
    try {
      yield* this.#store.copyBlob(id, fd);
      makePast(fd);
    } finally {
      closeSync(fd);
    }
  }

  *#clone(object: string, path: BytePath, entry: FileEntry): Work<void> {
    const stat = yield* copyObject({ as: 'reflink', object, id: entry.id, path, mode: modeOf(entry) });
    // A copy tries every place where the store has the bytes, and sets aside what is damaged.
    if (!stat) yield* this.#copy(path, entry);
  }

  #targetFor(path: BytePath, object: string): string | Buffer {
    const target = bytePath(object);
    // A shortened path says nothing of where the link will be.
    const inside = [target, path].every((each) => each.startsWith(`${this.#root}/`));
    return fsPath(inside ? (relative(posix.dirname(path), target) as BytePath) : target);
  }

  #noneWorks(path: BytePath): OcrpipeError {
    const asked =
      this.#types.length === 0 ? 'any link that was asked for' : `any of: ${this.#types.join(', ')}`;
    const why = systemErrorCode(this.#refusal) ?? 'no type of link is left';
    return userError('no-link-works', `${textOfBytes(path)} cannot be placed as ${asked} (${why})`, {
      hint: "Let it be a copy where nothing else works: '--link hardlink,copy', or 'link: [hardlink, copy]' in the configuration.",
      cause: this.#refusal,
    });
  }
}

/** Removes what a write that failed, or was given up, has left. */
function* unlessItFails<T>(path: BytePath, write: () => Work<T>): Work<T> {
  let whole = false;
  try {
    const done = yield* write();
    whole = true;
    return done;
  } finally {
    if (!whole) rmSync(fsPath(path), { force: true });
  }
}
