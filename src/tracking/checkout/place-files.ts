import { closeSync, constants, fstatSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { READ_AT_ONCE } from '../../base/cautious-read.js';
import { contentIdOf, type ContentId } from '../../base/content-id.js';
import { writePoint } from '../../base/write-points.js';
import { fsPath, type BytePath } from '../byte-path.js';
import type { FileStat } from '../scan/stat-index-format.js';

/** Small files that are to be written from packs, in the order in which their bytes are best read. */
export interface PlaceRequest {
  /** Absolute. */
  readonly paths: BytePath[];
  readonly ids: ContentId[];
  /** Pack files that hold the bytes. */
  readonly packs: string[];
  /** For each file: number of its pack, offset and length of its bytes there, permission bits before the umask. */
  readonly places: number[];
}

const PLACE_FIELDS = 4;

/** For each file what `fstat` says of it; all zero for one that could not be written, of which nothing is left. */
export type PlaceResult = Float64Array<ArrayBuffer>;

const STAT_FIELDS = 5;
/** Bytes are read ahead as long as files follow each other in a pack. */
const FIRST_WINDOW_BYTES = 64 * 1024;
/** What a thread keeps for reading: a new one for each request would be garbage by the hundred megabytes. */
export const WINDOW_BYTES = 1024 * 1024;
const OPEN_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/**
 * Writes new files from packs, each verified against its id before it gets its name. What cannot be written for whatever
 * reason is left out and told: the caller tries it again alone, and then learns why. `window` has WINDOW_BYTES.
 */
export function placeFiles({ paths, ids, packs, places }: PlaceRequest, window: Buffer): PlaceResult {
  const result = new Float64Array(paths.length * STAT_FIELDS);
  const windows = new PackWindows(packs, window);
  try {
    paths.forEach((path, index) => {
      const [pack, offset, length, mode] = places.slice(index * PLACE_FIELDS, (index + 1) * PLACE_FIELDS);
      const bytes = windows.read(pack!, offset!, length!);
      if (bytes === undefined || contentIdOf(bytes) !== ids[index]) return;
      const stat = writeNew(path, bytes, mode!);
      if (stat) result.set([stat.size, stat.mtimeMs, stat.ctimeMs, stat.ino, stat.mode], index * STAT_FIELDS);
    });
  } finally {
    windows.close();
  }
  return result;
}

/** The stat of file number `index`; undefined if it was not written. */
export function placedStat(result: PlaceResult, index: number): FileStat | undefined {
  const [size, mtimeMs, ctimeMs, ino, mode] = result.subarray(index * STAT_FIELDS, (index + 1) * STAT_FIELDS);
  return ino === 0
    ? undefined
    : { size: size!, mtimeMs: mtimeMs!, ctimeMs: ctimeMs!, ino: ino!, mode: mode! };
}

function writeNew(path: BytePath, bytes: Buffer, mode: number): FileStat | undefined {
  const target = fsPath(path);
  writePoint();
  let fd: number;
  try {
    fd = openSync(target, OPEN_FLAGS, mode);
  } catch {
    return undefined;
  }
  try {
    for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
    return fstatSync(fd);
  } catch {
    unlinkSync(target);
    return undefined;
  } finally {
    closeSync(fd);
  }
}

/** Reads pieces of packs, ahead where one follows the other. */
class PackWindows {
  readonly #packs: readonly string[];
  readonly #fds = new Map<number, number>();
  readonly #window: Buffer;
  #pack = -1;
  #start = 0;
  #end = 0;
  #ahead = FIRST_WINDOW_BYTES;

  constructor(packs: readonly string[], window: Buffer) {
    this.#packs = packs;
    this.#window = window;
  }

  /** Bytes of a pack, valid until the next call; undefined if they cannot be read. */
  read(pack: number, offset: number, length: number): Buffer | undefined {
    if (length > WINDOW_BYTES) return undefined;
    if (pack !== this.#pack || offset < this.#start || offset + length > this.#end) {
      const follows = pack === this.#pack && offset >= this.#start && offset <= this.#end;
      this.#ahead = follows ? Math.min(this.#ahead * 2, WINDOW_BYTES) : FIRST_WINDOW_BYTES;
      this.#fill(pack, offset, Math.max(length, this.#ahead));
    }
    const at = offset - this.#start;
    return offset + length <= this.#end ? this.#window.subarray(at, at + length) : undefined;
  }

  close(): void {
    for (const fd of this.#fds.values()) closeSync(fd);
  }

  #fill(pack: number, offset: number, length: number): void {
    this.#pack = pack;
    this.#start = offset;
    this.#end = offset;
    try {
      const fd = this.#fds.get(pack) ?? openSync(this.#packs[pack]!, READ_AT_ONCE);
      this.#fds.set(pack, fd);
      this.#end = offset + readSync(fd, this.#window, 0, length, offset);
    } catch {
      this.#pack = -1;
    }
  }
}
