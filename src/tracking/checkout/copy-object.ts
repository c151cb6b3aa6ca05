import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  copyFileSync,
  fchmodSync,
  fstatSync,
  futimesSync,
  openSync,
  readSync,
  rmSync,
  type Stats,
} from 'node:fs';
import { writeAll } from '../../base/atomic-file.js';
import { READ_AT_ONCE } from '../../base/cautious-read.js';
import type { ContentId } from '../../base/content-id.js';
import { writePoint } from '../../base/write-points.js';
import { fsPath, type BytePath } from '../byte-path.js';
import { openNew, type Work } from './write-files.js';

/** Little enough to be in the processor's own memory still when what was hashed is written. */
const CHUNK_BYTES = 128 * 1024;

/** A new file that is to hold the bytes of a large blob. */
export interface CopyRequest {
  readonly as: 'copy' | 'reflink';
  /** The store's file of the blob. */
  readonly object: string;
  readonly id: ContentId;
  /** Absolute. */
  readonly path: BytePath;
  /** Permission bits before the umask. */
  readonly mode: number;
}

/**
 * Makes a new file of a blob's bytes, verified, its time past, and returns its stat; undefined where the bytes are not those of
 * the id. Throws what the system says. Where it throws, returns undefined or is given up, nothing is left of the file.
 */
export function* copyObject({ as, object, id, path, mode }: CopyRequest): Work<Stats | undefined> {
  const target = fsPath(path);
  writePoint();
  const fd = openNew(path, mode);
  let stat: Stats | undefined;
  try {
    const hash = as === 'copy' ? yield* copyBytes(object, fd) : yield* cloneBytes(object, target, fd);
    if (hash !== id) return undefined;
    makePast(fd);
    stat = fstatSync(fd);
    return stat;
  } finally {
    closeSync(fd);
    if (!stat) rmSync(target, { force: true });
  }
}

/** Gives an open file a time at which whoever writes to it shows: a write within the same tick of the clock might not change it. */
export function makePast(fd: number): void {
  const second = pastSecond();
  futimesSync(fd, second, second);
}

/** Since 1970: over already, whatever the tick of the file system's clock. */
export function pastSecond(): number {
  return Math.floor(Date.now() / 1000) - 1;
}

function* copyBytes(object: string, fd: number): Work<string> {
  return yield* hashOf(object, (chunk) => {
    writeAll(fd, chunk);
  });
}

/** A clone has the permissions of what it was made from; the new file keeps its own. */
function* cloneBytes(object: string, target: string | Buffer, fd: number): Work<string> {
  const { mode } = fstatSync(fd);
  copyFileSync(object, target, constants.COPYFILE_FICLONE_FORCE);
  fchmodSync(fd, mode & 0o777);
  return yield* hashOf(target);
}

/** SHA-256 of a file, `use` being called with each chunk before the next overwrites it. */
function* hashOf(file: string | Buffer, use?: (chunk: Uint8Array) => void): Work<string> {
  const fd = openSync(file, READ_AT_ONCE);
  try {
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    for (let read = readSync(fd, buffer); read > 0; read = readSync(fd, buffer)) {
      const chunk = buffer.subarray(0, read);
      hash.update(chunk);
      use?.(chunk);
      yield 0;
    }
    return hash.digest('hex');
  } finally {
    closeSync(fd);
  }
}
