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
import { temporaryBeside, writeAll } from '../base/atomic-file.js';
import { OcrpipeError, systemErrorCode } from '../base/errors.js';
import type { RepoPath } from '../base/paths.js';
import { shellQuote } from '../base/shell-quote.js';
import { writePoint } from '../base/write-points.js';
import { LARGE_BLOB_BYTES } from '../store/format.js';
import type { LocalStore } from '../store/local-store.js';
import type { FileEntry, SymlinkEntry } from '../store/tree-format.js';
import { treeEntries, type TreeRef } from '../store/tree-reader.js';
import { fsPath, joinBytes, textOfBytes, type BytePath } from './byte-path.js';

/** Permission bits before the umask: as if the user had made the file. */
function modeOf(entry: FileEntry): number {
  return entry.executable ? 0o777 : 0o666;
}

/** Work that stops now and then to let its driver breathe, each time with how many names it has done since. */
export type Work<T> = Generator<number, T>;

const FILES_PER_BREATH = 64;

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

/** What a fresh directory is written with. */
export interface FreshWriter {
  store: LocalStore;
  /** Called with each file and link before it is written. */
  check: (below: string, entry: FileEntry | SymlinkEntry) => void;
  /** Runs the writing of each file, and may go on without one. */
  guard: (below: string, write: () => Work<void>) => Work<void>;
}

/**
 * Writes a tree into a new folder that nobody else knows yet: names can be final at once. A name that is there already
 * means that this file system takes two names of the tree for one. Links are returned, to be made last.
 */
export function* writeFresh(tree: TreeRef, folder: BytePath, writer: FreshWriter): Work<WaitingLink[]> {
  const links: WaitingLink[] = [];
  yield* writeFolder({ tree, folder, below: '' }, writer, links);
  return links;
}

function* writeFolder(
  at: { tree: TreeRef; folder: BytePath; below: string },
  writer: FreshWriter,
  links: WaitingLink[],
): Work<void> {
  makeFolder(at.folder);
  let written = 0;
  for (const entry of treeEntries(at.tree)) {
    const path = joinBytes(at.folder, entry.name);
    const below = at.below === '' ? entry.name : `${at.below}/${entry.name}`;
    if (entry.kind === 'directory') {
      yield* writeFolder({ tree: { ...at.tree, id: entry.id }, folder: path, below }, writer, links);
      continue;
    }
    writer.check(below, entry);
    if (entry.kind === 'symlink') links.push({ path, target: entry.target });
    else {
      yield* writer.guard(below, () => writeNewFile(writer.store, path, entry));
    }
    written += 1;
    if (written % FILES_PER_BREATH === 0) yield FILES_PER_BREATH;
  }
  yield written % FILES_PER_BREATH;
}

function* writeNewFile(store: LocalStore, path: BytePath, entry: FileEntry): Work<void> {
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

function makeFolder(path: BytePath): void {
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
