import {
  closeSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { temporaryBeside, writeAll } from '../../base/atomic-file.js';
import { OcrpipeError, systemErrorCode } from '../../base/errors.js';
import type { RepoPath } from '../../base/paths.js';
import { shellQuote } from '../../base/shell-quote.js';
import { writePoint } from '../../base/write-points.js';
import { LARGE_BLOB_BYTES } from '../../store/format.js';
import type { LocalStore } from '../../store/local-store.js';
import type { FileEntry } from '../../store/tree-format.js';
import { fsPath, joinBytes, textOfBytes, type BytePath } from '../byte-path.js';

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

/** Writes a file under a name that is free, whole or not at all. */
export function* writeNewFile(store: LocalStore, path: BytePath, entry: FileEntry): Work<void> {
  const target = fsPath(path);
  if (entry.size >= LARGE_BLOB_BYTES && typeof target === 'string') {
    yield* writeLargeFile(store, { path, target }, entry);
    return;
  }
  const bytes = store.read('blob', entry.id);
  writePoint();
  const fd = openNew(path, modeOf(entry));
  try {
    writeAll(fd, bytes);
  } finally {
    closeSync(fd);
  }
}

function* writeLargeFile(
  store: LocalStore,
  { path, target }: { path: BytePath; target: string },
  entry: FileEntry,
): Work<void> {
  const mode = makeEmpty(path, modeOf(entry));
  let whole = false;
  try {
    yield* store.copyBlob(entry.id, target, { mode });
    whole = true;
  } finally {
    if (!whole) rmSync(target, { force: true });
  }
}

/** Makes the file, empty; returns the permission bits that the umask left it. */
function makeEmpty(path: BytePath, mode: number): number {
  const fd = openNew(path, mode);
  try {
    return fstatSync(fd).mode & 0o777;
  } finally {
    closeSync(fd);
  }
}

function openNew(path: BytePath, mode: number): number {
  try {
    return openSync(fsPath(path), 'wx', mode);
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') throw collision(path);
    throw error;
  }
}

export function makeFolder(path: BytePath): void {
  writePoint();
  try {
    mkdirSync(fsPath(path));
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') throw collision(path);
    throw error;
  }
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

/** Puts a file at `path` by one rename: temporary name beside it, then the name. */
export function* replaceFile(store: LocalStore, path: BytePath, entry: FileEntry): Work<void> {
  const temporary = besideBytes(path);
  let named = false;
  try {
    yield* writeNewFile(store, temporary, entry);
    writePoint();
    renameSync(fsPath(temporary), fsPath(path));
    named = true;
  } finally {
    if (!named) rmSync(fsPath(temporary), { force: true });
  }
}

export function makeLinks(links: readonly WaitingLink[]): void {
  for (const { path, target } of links) {
    writePoint();
    try {
      symlinkSync(Buffer.from(target, 'latin1'), fsPath(path));
    } catch (error) {
      if (systemErrorCode(error) === 'EEXIST') throw collision(path);
      throw error;
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

/** Removes a folder if nothing (for example ignored files) is left in it; true if it is gone. */
export function removeEmptyFolder(path: BytePath): boolean {
  writePoint();
  try {
    rmdirSync(fsPath(path));
    return true;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT') return true;
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false;
    throw error;
  }
}

/** Refuses to write into a folder that is not one, or is a link to one, by now. */
export function requireFolder(path: BytePath, tracked: RepoPath): void {
  if (lstatSync(fsPath(path), { throwIfNoEntry: false })?.isDirectory() === true) return;
  throw new OcrpipeError(
    'checkout-disturbed',
    `${textOfBytes(path)} is no longer a folder: another program changed it`,
    {
      hint: `Run 'ocrpipe checkout ${shellQuote(tracked)}' again when nothing else writes there.`,
    },
  );
}
