import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { CAUTIOUS_READ } from '../../base/cautious-read.js';
import { contentIdOf, type ContentId } from '../../base/content-id.js';
import { LARGE_BLOB_BYTES } from '../../store/format.js';
import { fsPathsIn, type BytePath } from '../byte-path.js';
import type { FileRead, ReadRoom } from './read-room.js';
import { sameStat, type FileStat } from './stat-index-format.js';

/** Small files of one folder that are to be read. Few long values: each one costs on its way to another thread. */
export interface ReadRequest {
  /** Absolute. */
  readonly folder: BytePath;
  /** Separated by '/'; no more than a room is for. */
  readonly names: string;
  /** Files whose times are older than this (milliseconds) cannot change without getting another time. */
  readonly settledBefore: number;
  /** True if whoever asks wants the bytes and not only their ids. */
  readonly keep: boolean;
}

/** 64 characters of each file, blanks for one that was not read: for as many files as there was room for, and for one at least. */
export type ReadIds = string;

/** What is read of a file before it is asked how large it is. */
const FIRST_BYTES = 64 * 1024;
/** A file that changes under the reader is read again so often before others are to look at it. */
const ATTEMPTS = 3;
const ID_LENGTH = 64;
const NO_ID = ' '.repeat(ID_LENGTH);

/**
 * Reads files into a room, their bytes (where they are kept) and their stats one after the other, and computes their ids. What is no
 * regular file of less than 1 MiB, keeps changing, or cannot be read for whatever reason gets no id: the caller reads it again alone, and then
 * learns why.
 */
export function readFiles({ folder, names, settledBefore, keep }: ReadRequest, room: ReadRoom): ReadIds {
  const { bytes } = room;
  let ids = '';
  let at = 0;
  for (const [index, path] of names.split('/').map(fsPathsIn(folder)).entries()) {
    if (bytes.length - at <= LARGE_BLOB_BYTES) break;
    const stat = readWhole(path, { bytes, at }, settledBefore);
    ids += stat ? contentIdOf(bytes.subarray(at, at + stat.size)) : NO_ID;
    if (!stat) continue;
    room.setStat(index, stat);
    if (keep) at += stat.size;
  }
  return ids;
}

/** The files that were read, in their order; undefined for one that was not. */
export function filesRead(ids: ReadIds, room: ReadRoom): (FileRead | undefined)[] {
  return Array.from({ length: ids.length / ID_LENGTH }, (_each, index) => {
    const id = ids.slice(index * ID_LENGTH, (index + 1) * ID_LENGTH);
    return id === NO_ID ? undefined : room.file(index, id as ContentId);
  });
}

/** Where the bytes of a file go. */
interface Destination {
  readonly bytes: Buffer;
  readonly at: number;
}

/** Reads a whole small file, and tells the stat that belongs to these bytes. */
function readWhole(path: string | Buffer, to: Destination, settledBefore: number): FileStat | undefined {
  let fd: number;
  try {
    fd = openSync(path, CAUTIOUS_READ);
  } catch {
    return undefined;
  }
  try {
    return readOpen(fd, to, settledBefore);
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}

/**
 * A write that comes between the read and the stat shows in the latter's times: they are not settled then. Only a file so
 * young needs to be looked at before it is read, too.
 */
function readOpen(fd: number, to: Destination, settledBefore: number): FileStat | undefined {
  let before: FileStat | undefined;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const length = readFromStart(fd, to);
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size >= LARGE_BLOB_BYTES) return undefined;
    const isSettled = Math.max(stat.mtimeMs, stat.ctimeMs) < settledBefore;
    if (length === stat.size && (isSettled || (before && sameStat(before, stat)))) return stat;
    before = stat;
  }
  return undefined;
}

/** The length of what was read from the start of a file, up to its end or to what no small file has. */
function readFromStart(fd: number, { bytes, at }: Destination): number {
  let length = 0;
  for (let wanted = FIRST_BYTES; ; wanted = LARGE_BLOB_BYTES) {
    const read = readSync(fd, bytes, at + length, wanted - length, length);
    length += read;
    if (read === 0 || length < FIRST_BYTES || length >= LARGE_BLOB_BYTES) return length;
    if (wanted === FIRST_BYTES && fstatSync(fd).size >= LARGE_BLOB_BYTES) return length;
  }
}
