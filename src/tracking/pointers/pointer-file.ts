import { closeSync, lstatSync, openSync, readSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { CAUTIOUS_READ } from '../../base/cautious-read.js';
import { OcrpipeError, systemErrorCode, userError } from '../../base/errors.js';
import type { AbsPath, RepoPath } from '../../base/paths.js';
import { readRegularFile } from '../../base/regular-file.js';
import { shellQuote } from '../../base/shell-quote.js';
import { bytePath, fsPath, pathTooLong, type BytePath } from '../byte-path.js';
import type { Snapshot } from '../workspace-files.js';
import { PointerTraces } from './pointer-traces.js';
import { isPointerText, pointerPathOf, POINTER_SUFFIX } from './plain-pointer.js';
import { MAX_POINTER_BYTES, mendHint, parsePointer, type MakerOf } from './pointer.js';

/**
 * The pointer of exactly `path`; undefined if there is none. A file of that name which `isPointerText` does not take for one is
 * somebody's own, unless `PointerTraces` tell that a pointer stood there: then it was overwritten. `makerOf` gives the stage
 * whose output a path is. Throws like `parsePointer`.
 */
export function readPointer(
  root: AbsPath,
  path: RepoPath,
  makerOf: MakerOf = () => undefined,
): Snapshot | undefined {
  const file = pointerPathOf(path);
  const found = lookAtPointer(root, path);
  if (found === undefined) return undefined;
  if ('lost' in found) throw overwritten(path, found.lost);
  if ('unreadable' in found) throw notReadable(file, found.unreadable);
  if (found.text.length > MAX_POINTER_BYTES) throw tooLong(file, mendHint(file, makerOf(path)));
  // Most pointers are sound: who makes the path is asked only for the error.
  return parsePointer(found.text, file, () => mendHint(file, makerOf(path)));
}

/** Like `readPointer`; undefined for a broken one too: writing it anew is the way out of it. */
export function readSoundPointer(root: AbsPath, path: RepoPath): Snapshot | undefined {
  try {
    return readPointer(root, path);
  } catch (error) {
    if (error instanceof OcrpipeError) return undefined;
    throw error;
  }
}

/** True if `path` has a pointer: sound, broken, or with something else written over it. */
export function hasPointer(root: AbsPath, path: RepoPath, traces?: PointerTraces): boolean {
  return lookAtPointer(root, path, traces) !== undefined;
}

/** True if something else was written over the pointer, which somebody may want to keep. */
export function isOverwritten(root: AbsPath, path: RepoPath, traces?: PointerTraces): boolean {
  const found = lookAtPointer(root, path, traces);
  return found !== undefined && 'lost' in found;
}

/** The start of a pointer, or what is in its place, or why it cannot be read. */
type PointerFile = { text: string } | { lost: 'text' | 'no-file' } | { unreadable: unknown };

/**
 * The text of the pointer file, if it is one; of one that is too long, more than a pointer may have. A file that says nothing
 * counts if it stands beside what it would point to: a power cut leaves such.
 */
function lookAtPointer(root: AbsPath, path: RepoPath, traces?: PointerTraces): PointerFile | undefined {
  const text = readStart(join(root, pointerPathOf(path)), MAX_POINTER_BYTES + 1);
  // What may not be read may be a pointer, which names what is needed.
  if (text === undefined || typeof text === 'object') return text;
  const isTraced = () => (traces ?? new PointerTraces(root)).has(path);
  if (text === NO_FILE) return isTraced() ? { lost: 'no-file' } : undefined;
  if (isPointerText(text)) return { text };
  const emptied = /^[\s\0]*$/.test(text) && text.length <= MAX_POINTER_BYTES;
  if (emptied && lstatSync(join(root, path), { throwIfNoEntry: false })) return { text };
  if (!isTraced()) return undefined;
  return emptied ? { text } : { lost: 'text' };
}

const NO_FILE = Symbol('no file');

/** The first bytes of a regular file, as text; undefined if nothing is there. */
function readStart(
  file: string,
  bytes: number,
): string | typeof NO_FILE | { unreadable: unknown } | undefined {
  try {
    const stat = lstatSync(file, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    if (!stat.isFile()) return NO_FILE;
    const fd = openSync(file, CAUTIOUS_READ);
    try {
      const buffer = Buffer.allocUnsafe(Math.min(bytes, stat.size + 1));
      return buffer.toString('utf8', 0, readSync(fd, buffer, 0, buffer.length, 0));
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    const code = systemErrorCode(error) ?? '';
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(code)) return undefined;
    if (['EACCES', 'EPERM'].includes(code)) return { unreadable: error };
    throw error;
  }
}

function notReadable(file: string, cause: unknown): OcrpipeError {
  return userError('broken-pointer', `${file} cannot be read: no permission; the pointer cannot be used`, {
    location: { file },
    cause,
    hint: `Give yourself read permission: 'chmod u+r ${shellQuote(file)}' does so for its owner.`,
  });
}

/** Refuses to put a pointer where something stands that is none, or where its name would be too long. */
export function refuseTakenPointer(root: AbsPath, path: RepoPath): void {
  const file = pointerPathOf(path);
  if (statOf(bytePath(join(root, file))) === undefined) return;
  const found = lookAtPointer(root, path);
  if (found !== undefined && 'text' in found) return;
  if (found !== undefined && 'unreadable' in found) throw notReadable(file, found.unreadable);
  if (found !== undefined) throw overwritten(path, found.lost);
  throw userError(
    'pointer-name-taken',
    `the pointer of ${path} would be ${file}, and something else has that name`,
    { hint: `Rename ${shellQuote(file)}, or track the path under another name.` },
  );
}

function statOf(file: BytePath): Stats | undefined {
  try {
    return lstatSync(fsPath(file), { throwIfNoEntry: false });
  } catch (error) {
    throw systemErrorCode(error) === 'ENAMETOOLONG' ? pathTooLong(file, error) : error;
  }
}

function tooLong(file: string, hint: string): OcrpipeError {
  return userError('broken-pointer', `${file} is too long; the pointer cannot be used`, {
    location: { file },
    hint,
  });
}

/**
 * The error for a path whose pointer was overwritten: what stands there now is not ours to delete. `letGo` is the command that
 * says that it is to stay.
 */
export function overwritten(
  path: RepoPath,
  by: 'text' | 'no-file',
  letGo = `ocrpipe rm ${shellQuote(path)}`,
): OcrpipeError {
  const file = pointerPathOf(path);
  const [quoted, target] = [shellQuote(file), shellQuote(path)];
  const is = by === 'text' ? 'something else was written over the pointer' : 'it is no file any more';
  return userError('broken-pointer', `${file} holds no pointer: ${is}`, {
    location: { file },
    hint: `Take it from git again with 'git checkout -- ${quoted}', or move what is there away and write a new one with 'ocrpipe add ${target}'. If it is a file of your own, '${letGo}' says so.`,
  });
}

/**
 * True if the file is a pointer, told from how it begins: directories are tracked without the pointers in them, while other
 * files may end in `.ocr` and are data.
 */
export function looksLikePointer(path: BytePath, size: number): boolean {
  if (!path.endsWith(POINTER_SUFFIX) || size > MAX_POINTER_BYTES) return false;
  try {
    return /^version: \d+\nid: [0-9a-f]{64}\nkind: /.test(readRegularFile(fsPath(path)).toString('latin1'));
  } catch {
    return false;
  }
}
