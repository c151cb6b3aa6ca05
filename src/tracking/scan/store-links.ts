import { lstatSync, readlinkSync, statSync, type Stats } from 'node:fs';
import { posix } from 'node:path';
import type { ContentId } from '../../base/content-id.js';
import { FOLDERS } from '../../store/format.js';
import type { LocalStore } from '../../store/local-store.js';
import { isSealed } from '../../store/seal.js';
import { statAt } from './look.js';
import { bytePath, fsPath, joinBytes, type BytePath } from '../byte-path.js';

/** How a file of the workspace is the store's own file of a blob. */
export type StoreLink = 'hardlink' | 'symlink';

const OBJECT_PATH = /(?:^|\/)(objects\/[0-9a-f]{2}\/[0-9a-f]{62})$/;

/** Tells which files of a workspace are the files of large blobs in its store, by another name or through a symbolic link. */
export class StoreLinks {
  readonly #store: LocalStore;
  /** Folders of large blobs: the store's, and that of a store that was in the workspace before another was chosen. */
  readonly #folders: readonly BytePath[];

  /** `root` is the workspace. */
  constructor(store: LocalStore, root: string) {
    this.#store = store;
    this.#folders = [store.root, `${root}/.ocrstore`].map((each) =>
      joinBytes(bytePath(each), FOLDERS.objects),
    );
  }

  /**
   * The stat of what is at an absolute path (in the form of `fsPath`), like `lstat`; of a symbolic link to a blob of this store it is that of the stored
   * file, which the link stands for. Undefined if nothing is there, or the store has lost what the link leads to.
   */
  stat(path: string | Buffer): Stats | undefined {
    const stat = statAt(path);
    if (stat?.isSymbolicLink() !== true) return stat;
    return this.#leadsHere(path) ? statSync(path, { throwIfNoEntry: false }) : stat;
  }

  /** True if a symbolic link to a blob of this store is at an absolute path, whether or not the blob is still there. */
  isSymlink(path: string | Buffer): boolean {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    return stat?.isSymbolicLink() === true && this.#leadsHere(path);
  }

  /** True if `stat` is that of the store's file of blob `id`, and nobody has written to it. */
  isObject(id: ContentId, stat: Stats): boolean {
    if (!isSealed(stat)) return false;
    const own = statSync(this.#store.objectFile(id), { throwIfNoEntry: false });
    return own?.ino === stat.ino && own.dev === stat.dev;
  }

  /** How what is at an absolute path is the store's file of blob `id`; undefined if it is a file of its own. */
  kindOf(path: string | Buffer, id: ContentId): StoreLink | undefined {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat?.isSymbolicLink() === true) return this.#leadsHere(path) ? 'symlink' : undefined;
    return stat && this.isObject(id, stat) ? 'hardlink' : undefined;
  }

  /**
   * Looks after a blob whose file was written to through a link. True if its bytes are no longer those of its id: the store has
   * set it aside then.
   */
  isLost(id: ContentId): boolean {
    return !this.#store.has('blob', id);
  }

  #leadsHere(path: string | Buffer): boolean {
    const target = readlinkSync(path, 'latin1');
    const key = OBJECT_PATH.exec(target)?.[1];
    if (key === undefined) return false;
    const beside = posix.dirname(typeof path === 'string' ? bytePath(path) : path.toString('latin1'));
    const folder = posix.resolve(beside, target.slice(0, -key.length), FOLDERS.objects);
    return this.#folders.some((own) => folder === own || isSameFolder(folder as BytePath, own));
  }
}

/** The store may be known by several paths. */
function isSameFolder(a: BytePath, b: BytePath): boolean {
  const [first, second] = [a, b].map((path) => statSync(fsPath(path), { throwIfNoEntry: false }));
  return first !== undefined && second !== undefined && first.ino === second.ino && first.dev === second.dev;
}
