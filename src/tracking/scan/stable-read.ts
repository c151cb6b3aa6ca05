import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { CAUTIOUS_READ } from '../../base/cautious-read.js';
import { OcrpipeError, systemErrorCode, userError } from '../../base/errors.js';
import { textOfBytes } from '../../base/byte-text.js';
import { fsPath, pathTooLong, type BytePath } from '../byte-path.js';
import { sameStat } from './stat-index-format.js';

/** A file that changes under the reader is read again so often before that is an error. */
const ATTEMPTS = 5;

/** The bytes of a file and the stat that they were read under. */
export interface StableRead {
  /** Valid until the next read with the same buffer. */
  bytes: Buffer;
  stat: Stats;
}

/**
 * Reads a file of less than `buffer.length` bytes so that bytes and stat belong together: stat, read, stat, and again from
 * the start if it changed. Undefined if it is gone, has become something else than a regular file, or no longer fits.
 * Throws `file-keeps-changing` and `not-readable`.
 */
export function readStable(path: BytePath, buffer: Buffer): StableRead | undefined {
  const fd = openForReading(path);
  if (fd === undefined) return undefined;
  try {
    let before = fstatSync(fd);
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      if (!before.isFile()) return undefined;
      const length = readAll(fd, buffer, before.size);
      const after = fstatSync(fd);
      if (length === buffer.length) return undefined;
      if (sameStat(before, after) && length === after.size)
        return { bytes: buffer.subarray(0, length), stat: after };
      before = after;
    }
  } finally {
    closeSync(fd);
  }
  throw keepsChanging(path);
}

export function keepsChanging(path: BytePath): OcrpipeError {
  return new OcrpipeError('file-keeps-changing', `${textOfBytes(path)} changes while it is being read`, {
    hint: 'Stop what writes to it, then try again.',
  });
}

function openForReading(path: BytePath): number | undefined {
  try {
    return openSync(fsPath(path), CAUTIOUS_READ);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ELOOP' || code === 'ENOTDIR' || code === 'ENXIO') return undefined;
    throw readError(path, error);
  }
}

/** A system error on reading `path`, in words. */
export function readError(path: BytePath, error: unknown): unknown {
  const code = systemErrorCode(error);
  if (code === 'ENAMETOOLONG') return pathTooLong(path, error);
  if (code !== 'EACCES' && code !== 'EPERM') return error;
  return userError('not-readable', `${textOfBytes(path)} cannot be read: no permission`, {
    hint: 'Give yourself read permission, or leave it out in .ocrignore.',
    cause: error,
  });
}

/** Reads from the start until `expected` bytes, the end of the file or of the buffer. */
function readAll(fd: number, buffer: Buffer, expected: number): number {
  let length = 0;
  do {
    const read = readSync(fd, buffer, length, buffer.length - length, length);
    if (read === 0) break;
    length += read;
  } while (length < Math.min(expected, buffer.length));
  return length;
}
