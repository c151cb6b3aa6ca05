import { chmodSync, lstatSync, readlinkSync, renameSync, rmSync, statSync, type Stats } from 'node:fs';
import { posix } from 'node:path';
import { temporaryBeside } from '../../base/atomic-file.js';
import type { ContentId } from '../../base/content-id.js';
import { copyChangingFileNow } from '../../base/copy-file.js';
import { systemErrorCode } from '../../base/errors.js';
import { writePoint } from '../../base/write-points.js';
import { FOLDERS, LARGE_BLOB_BYTES, objectOfKey } from '../../store/format.js';
import type { LocalStore } from '../../store/local-store.js';
import { asideOf } from '../../store/quarantine.js';
import { isSealed } from '../../store/seal.js';
import { statAt } from './look.js';
import { keepsChanging } from './stable-read.js';
import { sameStat } from './stat-index-format.js';
import { bytePath, fsPath, joinBytes, type BytePath } from '../byte-path.js';

/** How a file of the workspace is the store's own file of a blob. */
export type StoreLink = 'hardlink' | 'symlink';

/** A file that changes under the copy is copied again so often before that is an error. */
const COPY_ATTEMPTS = 5;

const OBJECT_PATH = /(?:^|\/)(objects\/[0-9a-f]{2}\/[0-9a-f]{62})$/;

/** Tells which files of a workspace are the files of large blobs in its store, by another name or through a symbolic link. */
export class StoreLinks {
  readonly #store: LocalStore;
  /** Folders of large blobs: the store's, and that of a store that was in the workspace before another was chosen. */
  readonly #folders: readonly BytePath[];
  readonly #kept: { path: BytePath; id: ContentId }[] = [];

  /** `root` is the workspace. */
  constructor(store: LocalStore, root: string) {
    this.#store = store;
    this.#folders = [store.root, `${root}/.ocrstore`].map((each) =>
      joinBytes(bytePath(each), FOLDERS.objects),
    );
  }

  /**
   * The stat of what is at an absolute path (in the form of `fsPath`), like `lstat`; of a symbolic link to a blob of this store
   * it is that of the stored file, which the link stands for. Undefined if nothing is there, or the store has lost what the link
   * leads to. What somebody wrote through the link is an edit: it becomes a file of its own in the place of the link.
   */
  stat(path: string | Buffer): Stats | undefined {
    return this.behind(path, statAt(path));
  }

  /** The same, where `stat` is what `lstat` just said of it. */
  behind(path: string | Buffer, stat: Stats | undefined): Stats | undefined {
    const id = stat?.isSymbolicLink() === true ? this.#leadsTo(path) : undefined;
    if (id === undefined) return stat;
    const target = statSync(path, { throwIfNoEntry: false });
    if (target && isSealed(target)) return target;
    // The store looks after the file now: it may seal it, bring it back, or set it aside.
    if (this.#store.has('blob', id)) return statSync(path, { throwIfNoEntry: false });
    return this.#keepEdit(path, id) ? statAt(path) : undefined;
  }

  /** What became a file of its own since this was asked last. */
  takeKept(): { path: BytePath; id: ContentId }[] {
    return this.#kept.splice(0);
  }

  /** True if a symbolic link to a blob of this store is at an absolute path, whether or not the blob is still there. */
  isSymlink(path: string | Buffer): boolean {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    return stat?.isSymbolicLink() === true && this.#leadsTo(path) !== undefined;
  }

  /** True if `stat` is that of the store's file of blob `id`, and nobody has written to it. */
  isObject(id: ContentId, stat: Stats): boolean {
    if (!isSealed(stat)) return false;
    const own = statSync(this.#store.objectFile(id), { throwIfNoEntry: false });
    return own?.ino === stat.ino && own.dev === stat.dev;
  }

  /**
   * The blob whose stored file has been written to, if `stat` is that of this file: for a file of which nothing is remembered. Looks
   * at every large blob, but only for a file that has other names.
   */
  editedObject(stat: Stats): ContentId | undefined {
    if (stat.nlink < 2 || stat.size < LARGE_BLOB_BYTES || isSealed(stat)) return undefined;
    for (const { id, file } of this.#store.looseObjects()) {
      const own = statSync(file, { throwIfNoEntry: false });
      if (own?.ino === stat.ino && own.dev === stat.dev) return id;
    }
    return undefined;
  }

  /** How what is at an absolute path is the store's file of blob `id`; undefined if it is a file of its own. */
  kindOf(path: string | Buffer, id: ContentId): StoreLink | undefined {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat?.isSymbolicLink() === true) return this.#leadsTo(path) === id ? 'symlink' : undefined;
    return stat && this.isObject(id, stat) ? 'hardlink' : undefined;
  }

  /**
   * Looks after a blob whose file was written to through a link. True if its bytes are no longer those of its id: the store has
   * set it aside then.
   */
  isLost(id: ContentId): boolean {
    return !this.#store.has('blob', id);
  }

  /** The blob of this store that a symbolic link stands for. */
  #leadsTo(path: string | Buffer): ContentId | undefined {
    const target = readlinkSync(path, 'latin1');
    const key = OBJECT_PATH.exec(target)?.[1];
    if (key === undefined) return undefined;
    const beside = posix.dirname(bytesOf(path));
    const folder = posix.resolve(beside, target.slice(0, -key.length), FOLDERS.objects);
    const isHere = this.#folders.some((own) => folder === own || isSameFolder(folder as BytePath, own));
    return isHere ? objectOfKey(key) : undefined;
  }

  /** Only what was written to: bytes that decayed on the disk are nobody's edit. */
  #keepEdit(path: string | Buffer, id: ContentId): boolean {
    const edited = asideOf(this.#store.root, id).find((file) => !isSealed(statSync(file)));
    if (edited === undefined) return false;
    try {
      replaceByCopy(bytesOf(path), edited);
    } catch (error) {
      // A workspace that can only be read is looked at all the same.
      if (systemErrorCode(error) === undefined) throw error;
      return false;
    }
    this.#kept.push({ path: bytesOf(path), id });
    return true;
  }
}

function bytesOf(path: string | Buffer): BytePath {
  return typeof path === 'string' ? bytePath(path) : (path.toString('latin1') as BytePath);
}

function replaceByCopy(link: BytePath, file: string): void {
  const temporary = fsPath(joinBytes(posix.dirname(link) as BytePath, temporaryBeside('x')));
  try {
    writePoint();
    copyWhole(file, temporary);
    chmodSync(temporary, 0o644);
    renameSync(temporary, fsPath(link));
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Somebody may still write to it through what they opened before it was set aside. */
function copyWhole(file: string, temporary: string | Buffer): void {
  for (let attempt = 1; attempt <= COPY_ATTEMPTS; attempt += 1) {
    const before = statSync(file);
    copyChangingFileNow(file, temporary);
    if (sameStat(before, statSync(file))) return;
    rmSync(temporary, { force: true });
  }
  throw keepsChanging(bytePath(file));
}

/** The store may be known by several paths. */
function isSameFolder(a: BytePath, b: BytePath): boolean {
  const [first, second] = [a, b].map((path) => statSync(fsPath(path), { throwIfNoEntry: false }));
  return first !== undefined && second !== undefined && first.ino === second.ino && first.dev === second.dev;
}
