import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { CAUTIOUS_READ } from '../../base/cautious-read.js';
import { contentIdOf, type ContentId } from '../../base/content-id.js';
import { fsPathsIn, type BytePath } from '../byte-path.js';
import { sameStat, type FileStat } from './stat-index-format.js';

/** Small files of one folder that are to be read. Few long values: each one costs on its way to another thread. */
export interface ReadRequest {
  /** Absolute. */
  readonly folder: BytePath;
  /** Separated by '/'. */
  readonly names: string;
  /** What each was seen to be: size, mtime, ctime, inode and mode, file after file. */
  readonly stats: Float64Array<ArrayBuffer>;
  /** True if whoever asks wants the bytes and not only their ids. */
  readonly keep: boolean;
  /** The buffer of an earlier result, to be used again if it is large enough. */
  readonly buffer?: ArrayBuffer | undefined;
}

/** The answer to a request. */
export interface ReadResult {
  /** 64 characters of each file; blanks for one that could not be read as it was seen. */
  readonly ids: string;
  /** Of all files, one after the other, each with as many bytes as it was seen to have; of no meaning unless they are kept. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const STAT_FIELDS = 5;
const ID_LENGTH = 64;
const NO_ID = ' '.repeat(ID_LENGTH);

export function statsOf(files: readonly { stat: FileStat }[]): Float64Array<ArrayBuffer> {
  const stats = new Float64Array(files.length * STAT_FIELDS);
  files.forEach(({ stat }, index) => {
    stats.set([stat.size, stat.mtimeMs, stat.ctimeMs, stat.ino, stat.mode], index * STAT_FIELDS);
  });
  return stats;
}

/**
 * Reads files and computes their ids. A file whose stat after reading is not the one that it was seen with, or that cannot be
 * read for whatever reason, gets no id: the caller reads it again alone, and then learns why.
 */
export function readFiles({ folder, names, stats, keep, buffer: spare }: ReadRequest): ReadResult {
  const paths = names.split('/').map(fsPathsIn(folder));
  const sizes = paths.map((_path, index) => stats[index * STAT_FIELDS]!);
  // One byte more than a file was seen to have tells whether it has grown.
  const room = keep ? sizes.reduce((sum, size) => sum + size, 1) : Math.max(0, ...sizes) + 1;
  const buffer = Buffer.from(spare && spare.byteLength >= room ? spare : new ArrayBuffer(room));
  let at = 0;
  const ids = paths.map((path, index) => {
    const size = sizes[index]!;
    const seen = seenStat(stats, index);
    const id = readUnchanged(path, seen, buffer.subarray(at, at + size + 1))
      ? contentIdOf(buffer.subarray(at, at + size))
      : NO_ID;
    if (keep) at += size;
    return id;
  });
  return { ids: ids.join(''), bytes: new Uint8Array(buffer.buffer) };
}

/** The ids of a result. */
export function idsOf({ ids }: ReadResult): (ContentId | undefined)[] {
  return Array.from({ length: ids.length / ID_LENGTH }, (_each, index) => {
    const id = ids.slice(index * ID_LENGTH, (index + 1) * ID_LENGTH);
    return id === NO_ID ? undefined : (id as ContentId);
  });
}

function seenStat(stats: Float64Array, index: number): FileStat {
  const [size, mtimeMs, ctimeMs, ino, mode] = stats.subarray(index * STAT_FIELDS, (index + 1) * STAT_FIELDS);
  return { size: size!, mtimeMs: mtimeMs!, ctimeMs: ctimeMs!, ino: ino!, mode: mode! };
}

/** Reads a whole file to the start of `into`; false unless it is afterwards what it was seen to be. */
function readUnchanged(path: string | Buffer, seen: FileStat, into: Buffer): boolean {
  let fd: number;
  try {
    fd = openSync(path, CAUTIOUS_READ);
  } catch {
    return false;
  }
  try {
    let length = 0;
    let read: number;
    do length += read = readSync(fd, into, length, into.length - length, length);
    while (read > 0 && length < seen.size);
    const stat = fstatSync(fd);
    return length === seen.size && stat.isFile() && sameStat(seen, stat);
  } catch {
    return false;
  } finally {
    closeSync(fd);
  }
}
