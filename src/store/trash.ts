import { renameSync, rmdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { syncDirectory } from '../base/atomic-file.js';
import { systemErrorCode } from '../base/errors.js';
import { writePoint } from '../base/write-points.js';
import { isSettled } from './folder-time.js';
import { FOLDERS, isStoreKey, KEY_FOLDERS } from './format.js';
import { makeStoreFolder } from './shared-folder.js';
import { namesIn, removeFile } from './temporary.js';

/** What file systems and permissions answer to who may only read. */
const READ_ONLY = new Set(['EACCES', 'EPERM', 'EROFS']);

/** A file on its way out. */
export interface CondemnedFile {
  /** Its name in the store: `packs/<id>.pack`, `objects/ab/…`, `runs/ab/…`. */
  readonly key: string;
  /** Where it stands. */
  readonly file: string;
  /** When it was condemned, milliseconds since 1970 by the clock of the store's file system. */
  readonly since: number;
}

/**
 * The trash of one local store, `trash/<time>/<key>`: files that a collection of garbage took out of the store, below the time
 * at which it did. Whoever misses something in the store looks here and moves it back; only what nobody missed for as long as
 * the grace period is deleted. Both are one rename or unlink of the name in the trash, so of two processes of which one moves
 * a file back and one deletes it, one succeeds and the other learns of it.
 */
export class Trash {
  readonly #root: string;
  readonly #moves: boolean;
  /** Files that are read where they are, because they cannot be moved back. */
  readonly #inPlace = new Map<string, string>();
  /** The folder as it was listed last; not to be believed if another change could have left the same time. */
  #listed: { folderTime: number; settled: boolean; times: readonly string[] } | undefined;

  /** With `inspect` nothing is moved: what is missed is read in the trash. */
  constructor(root: string, options: { inspect?: boolean } = {}) {
    this.#root = root;
    this.#moves = options.inspect !== true;
  }

  /** Where a file of the store is read. */
  placeOf(key: string): string {
    return this.#inPlace.get(key) ?? join(this.#root, key);
  }

  /** Everything in the trash, what was condemned last first. */
  *list(): Generator<CondemnedFile> {
    for (const time of this.#times()) {
      for (const key of keysBelow(join(this.#folder, time))) {
        yield { key, file: join(this.#folder, time, key), since: Number(time) };
      }
    }
  }

  /**
   * Brings back a file that is missed, and returns where it can be read: in the store, if another process brought it back just
   * now. Undefined if it is nowhere. Where nothing may be written it stays in the trash.
   */
  rescue(key: string): string | undefined {
    this.#inPlace.delete(key);
    for (const time of this.#times()) {
      const place = this.#rescueFrom(join(this.#folder, time, key), key);
      if (place !== undefined) return place;
    }
    return ifThere(join(this.#root, key));
  }

  /** Moves a file of the store into the trash; undefined if it is gone. */
  condemn(key: string, time: number): CondemnedFile | undefined {
    return this.#condemnFrom(join(this.#root, key), key, time);
  }

  /** Lets a file of the trash have been condemned at another time; undefined if somebody brought it back before. */
  redate({ key, file }: CondemnedFile, time: number): CondemnedFile | undefined {
    return this.#condemnFrom(file, key, time);
  }

  /** Deletes a file of the trash; false if somebody brought it back before. */
  remove({ file }: CondemnedFile): boolean {
    writePoint();
    return removeFile(file);
  }

  /** Removes the folders that have become empty. */
  removeEmptyFolders(): void {
    for (const time of this.#times()) removeEmpty(join(this.#folder, time), 3);
  }

  get #folder(): string {
    return join(this.#root, FOLDERS.trash);
  }

  /** The last first. Who misses thousands of files looks here for each: the folder is listed again only if it may have changed. */
  #times(): readonly string[] {
    const folderTime = statSync(this.#folder, { throwIfNoEntry: false })?.mtimeMs;
    if (folderTime === undefined) return [];
    if (this.#listed?.settled !== true || this.#listed.folderTime !== folderTime) {
      const settled = isSettled(folderTime);
      const times = namesIn(this.#folder)
        .filter((name) => /^\d{1,15}$/.test(name))
        .sort((a, b) => Number(b) - Number(a));
      this.#listed = { folderTime, settled, times };
    }
    return this.#listed.times;
  }

  #condemnFrom(from: string, key: string, time: number): CondemnedFile | undefined {
    const since = Math.trunc(time);
    const file = join(this.#folder, String(since), key);
    if (makeStoreFolder(this.#root, dirname(file))) syncDirectory(this.#folder);
    writePoint();
    try {
      renameSync(from, file);
      return { key, file, since };
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  #rescueFrom(file: string, key: string): string | undefined {
    if (ifThere(file) === undefined) return undefined;
    if (!this.#moves) return this.#readInPlace(key, file);
    const target = join(this.#root, key);
    try {
      makeStoreFolder(this.#root, dirname(target));
      writePoint();
      renameSync(file, target);
    } catch (error) {
      if (READ_ONLY.has(systemErrorCode(error) ?? '')) return this.#readInPlace(key, file);
      if (systemErrorCode(error) !== 'ENOENT') throw error;
      // Another process was faster: it is back, or deleted.
      return undefined;
    }
    syncDirectory(dirname(target));
    return target;
  }

  #readInPlace(key: string, file: string): string {
    this.#inPlace.set(key, file);
    return file;
  }
}

function ifThere(file: string): string | undefined {
  return statSync(file, { throwIfNoEntry: false }) === undefined ? undefined : file;
}

/** The keys of the files below one time of the trash. */
function* keysBelow(folder: string): Generator<string> {
  for (const kind of KEY_FOLDERS) {
    for (const first of namesIn(join(folder, kind))) {
      const key = `${kind}/${first}`;
      if (isStoreKey(key)) yield key;
      else
        for (const rest of namesIn(join(folder, key)))
          if (isStoreKey(`${key}/${rest}`)) yield `${key}/${rest}`;
    }
  }
}

/** Removes a folder and those in it, `depth` levels, that hold nothing. */
function removeEmpty(folder: string, depth: number): void {
  if (depth > 0) for (const name of namesIn(folder)) removeEmpty(join(folder, name), depth - 1);
  try {
    rmdirSync(folder);
  } catch {
    // Something is in it, or it is no folder.
  }
}
