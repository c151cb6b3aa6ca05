import { closeSync, fstatSync, mkdirSync, openSync, rmdirSync, symlinkSync, unlinkSync } from 'node:fs';
import { temporaryBeside } from '../../base/atomic-file.js';
import { OcrpipeError, systemErrorCode, userError } from '../../base/errors.js';
import { writePoint } from '../../base/write-points.js';
import type { FileEntry } from '../../store/tree-format.js';
import { removeAbandonedIn } from '../abandoned.js';
import { textOfBytes } from '../../base/byte-text.js';
import { fsPath, joinBytes, pathTooLong, type BytePath } from '../byte-path.js';

/** Permission bits before the umask: as if the user had made the file. */
export function modeOf(entry: FileEntry): number {
  return entry.executable ? 0o777 : 0o666;
}

/**
 * Work that stops now and then to let its driver breathe, each time with how many names it has done since, or with what it
 * has to wait for.
 */
export type Work<T> = Generator<number | Promise<void>, T>;

/** A link that is to be made when all files are there: until then nothing can be written through it. */
export interface WaitingLink {
  path: BytePath;
  target: string;
}

/** A temporary name beside `path`. */
export function besideBytes(path: BytePath): BytePath {
  const slash = path.lastIndexOf('/');
  return joinBytes(path.slice(0, slash) as BytePath, temporaryBeside('x'));
}

/** Opens a new file for writing. Throws `name-collision` where there is one. */
export function openNew(path: BytePath, mode: number): number {
  try {
    return openSync(fsPath(path), 'wx', mode);
  } catch (error) {
    throw refusedName(path, error);
  }
}

/** Makes the file, empty; returns the permission bits that the umask left it. */
export function makeEmpty(path: BytePath, mode: number): number {
  const fd = openNew(path, mode);
  try {
    return fstatSync(fd).mode & 0o777;
  } finally {
    closeSync(fd);
  }
}

export function makeFolder(path: BytePath): void {
  writePoint();
  try {
    mkdirSync(fsPath(path));
  } catch (error) {
    throw refusedName(path, error);
  }
}

/** Why a name cannot be made, in words where it is the name's fault. */
function refusedName(path: BytePath, error: unknown): unknown {
  const code = systemErrorCode(error);
  if (code === 'EEXIST') return collision(path);
  if (code === 'ENAMETOOLONG') return pathTooLong(path, error);
  // What FAT, APFS and some shares answer: EILSEQ for names that are not UTF-8, EINVAL for characters they use themselves.
  if (code !== 'EILSEQ' && code !== 'EINVAL') return error;
  return new OcrpipeError(
    'name-impossible',
    `${textOfBytes(path)} cannot be written: this file system has no such names`,
    { hint: 'Check out on another file system, or rename it and add the directory again.', cause: error },
  );
}

export function collision(path: BytePath): OcrpipeError {
  return new OcrpipeError(
    'name-collision',
    `${textOfBytes(path)} cannot be written: this file system takes it for a name that is there already`,
    {
      hint: 'Check out on a file system that tells such names apart, or rename one and add the directory again.',
    },
  );
}

/** `check` is asked about the folder of each. */
export function makeLinks(links: readonly WaitingLink[], check: (folder: BytePath) => void): void {
  for (const { path, target } of links) {
    check(path.slice(0, path.lastIndexOf('/')) as BytePath);
    writePoint();
    try {
      symlinkSync(Buffer.from(target, 'latin1'), fsPath(path));
    } catch (error) {
      throw refusedName(path, error);
    }
  }
}

export function removeFile(path: BytePath): void {
  writePoint();
  try {
    unlinkSync(fsPath(path));
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
}

/**
 * Removes a folder if nothing (for example ignored files) is left in it but what killed commands left; true if it is gone. Throws
 * `folder-mounted`.
 */
export function removeEmptyFolder(path: BytePath): boolean {
  if (removeIfEmpty(path)) return true;
  removeAbandonedIn(path);
  return removeIfEmpty(path);
}

function removeIfEmpty(path: BytePath): boolean {
  writePoint();
  try {
    rmdirSync(fsPath(path));
    return true;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT') return true;
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false;
    throw code === 'EBUSY' ? mountedAt(path, error) : error;
  }
}

/** The system removes no folder on which a disk is mounted. */
function mountedAt(path: BytePath, cause: unknown): OcrpipeError {
  return userError('folder-mounted', `${textOfBytes(path)} cannot be removed: something is mounted there`, {
    hint: "Unmount it ('umount'), then run the command again: it goes on from here.",
    cause,
  });
}
