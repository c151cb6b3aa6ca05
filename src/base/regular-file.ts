import { closeSync, fstatSync, lstatSync, openSync, readFileSync } from 'node:fs';
import { textOfPath } from './byte-text.js';
import { READ_AT_ONCE } from './cautious-read.js';
import { userError } from './errors.js';

/** No file that is read whole and by itself is larger. */
const MAX_BYTES = 1024 * 1024 * 1024;

/**
 * The bytes of a file that is read whole. Throws what the system says (`ENOENT`, …), and `not-a-file` (exit code 2),
 * at once, where a folder, FIFO, socket or device stands or the file is longer than `maxBytes`: nothing of it is read then.
 */
export function readRegularFile(path: string | Buffer, maxBytes: number = MAX_BYTES): Buffer {
  const fd = openSync(path, READ_AT_ONCE);
  try {
    const stat = fstatSync(fd);
    if (stat.isDirectory()) throw notAFile(path, 'is a folder');
    if (!stat.isFile()) throw notAFile(path, 'is not a regular file');
    if (stat.size > maxBytes) throw notAFile(path, `is ${stat.size} bytes long, more than it may have`);
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Throws `not-a-file` where a FIFO, socket or device stands: a program that opens it, as git does, may wait for ever. */
export function refuseSpecialFile(path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined || stat.isFile() || stat.isDirectory() || stat.isSymbolicLink()) return;
  throw notAFile(path, 'is not a regular file');
}

function notAFile(path: string | Buffer, what: string) {
  return userError('not-a-file', `${textOfPath(path)} ${what}`, {
    hint: 'Move it away: an ordinary file belongs there.',
  });
}
