import {
  closeSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { systemErrorCode } from './errors.js';
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

/** How a file is written that gets its name by a rename. */
export interface AtomicWrite {
  /** Permission bits, whatever the umask. Unless given: as for any new file. */
  mode?: number;
  /**
   * A folder that git ignores, where the temporary file stands if it is on the file system of the target: what a killed command
   * leaves there is never committed. Created if it is not there.
   */
  staging?: string;
}

/**
 * Replaces `path` by `content` so that a reader, and a machine that loses power, sees the old bytes or the new ones,
 * never a part: temporary file, flush, rename, flush of the directory. Parents are created.
 */
export function writeFileAtomic(path: string, content: Uint8Array | string, options: AtomicWrite = {}): void {
  giveTarget(writeTemporary(path, content, options), path, { content, ...options });
  syncDirectory(dirname(path));
}

/**
 * The first half of {@link writeFileAtomic}: a temporary file with all the bytes, flushed unless `flush` is false. Parents are
 * created.
 */
export function writeTemporary(
  path: string,
  content: Uint8Array | string,
  { mode, staging, flush = true }: AtomicWrite & { flush?: boolean } = {},
): string {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = temporaryFor(path, staging);
  writePoint();
  const fd = openSync(temporary, 'wx', mode ?? 0o666);
  try {
    writeAll(fd, typeof content === 'string' ? Buffer.from(content) : content);
    if (mode !== undefined) fchmodSync(fd, mode);
    if (flush) fsyncSync(fd);
  } catch (error) {
    closeSync(fd);
    rmSync(temporary, { force: true });
    throw error;
  }
  closeSync(fd);
  return temporary;
}

/** The second half, less the flush of the directory. Where the rename fails, nothing of the temporary file is left. */
export function giveTarget(
  temporary: string,
  path: string,
  { content, staging, ...options }: AtomicWrite & { content: Uint8Array | string },
): void {
  writePoint();
  try {
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    // One file system may be mounted in two places, and there is no rename from one to the other.
    if (staging === undefined || systemErrorCode(error) !== 'EXDEV') throw error;
    writeFileAtomic(path, content, options);
  }
}

/** In the staging folder if that is on the file system of `path`, beside `path` otherwise. */
function temporaryFor(path: string, staging: string | undefined): string {
  const beside = temporaryBeside(path);
  if (staging === undefined) return beside;
  const there = statSync(staging, { throwIfNoEntry: false });
  if (there === undefined) mkdirSync(staging, { recursive: true });
  const { dev } = there ?? statSync(staging);
  return dev === statSync(dirname(path)).dev ? join(staging, basename(beside)) : beside;
}

/** Writes every byte: a single write may take fewer (a full disk throws). */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done);
}

/** The same at a position of the file, wherever its end is. */
export function writeAllAt(fd: number, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(fd, bytes, done, bytes.length - done, at + done);
  }
}
