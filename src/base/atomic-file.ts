import {
  closeSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { SPACE_MARK } from './process-space.js';
import { writePoint } from './write-points.js';

/** Prefix of the temporary names that stand beside a target; tracking ignores such names. */
export const TEMPORARY_PREFIX = '.ocrpipe-tmp-';

/**
 * A temporary name beside `target`, so that a rename onto it stays on one file system. It says which process of which host made
 * it: `<prefix><process id, base 36>-<mark of the host><8 hex digits>-<name>`.
 */
export function temporaryBeside(target: string): string {
  return join(
    dirname(target),
    `${TEMPORARY_PREFIX}${process.pid.toString(36)}-${SPACE_MARK}${randomBytes(4).toString('hex')}-${basename(target).slice(0, 40)}`,
  );
}

/** Makes a rename or a creation in `folder` durable. Some file systems cannot fsync a directory: that is no error. */
export function syncDirectory(folder: string): void {
  let fd: number;
  try {
    fd = openSync(folder, 'r');
  } catch {
    return;
  }
  try {
    fsyncSync(fd);
  } catch {
    // Not every file system supports it; the rename itself is still atomic.
  } finally {
    closeSync(fd);
  }
}

/**
 * Replaces `path` by `content` so that a reader, and a machine that loses power, sees the old bytes or the new ones,
 * never a part: temporary file beside the target, flush, rename, flush of the directory. Parents are created.
 */
export function writeFileAtomic(
  path: string,
  content: Uint8Array | string,
  options: { mode?: number } = {},
): void {
  const temporary = writeTemporary(path, content, options);
  writePoint();
  try {
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncDirectory(dirname(path));
}

/** The first half of {@link writeFileAtomic}: a temporary file beside `path` with all its bytes flushed. Parents are created. */
export function writeTemporary(
  path: string,
  content: Uint8Array | string,
  options: { mode?: number } = {},
): string {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = temporaryBeside(path);
  writePoint();
  const fd = openSync(temporary, 'wx', options.mode ?? 0o666);
  try {
    writeAll(fd, typeof content === 'string' ? Buffer.from(content) : content);
    if (options.mode !== undefined) fchmodSync(fd, options.mode);
    fsyncSync(fd);
  } catch (error) {
    closeSync(fd);
    rmSync(temporary, { force: true });
    throw error;
  }
  closeSync(fd);
  return temporary;
}

/** Writes every byte: a single write may take fewer (a full disk throws). */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done);
}
