import { openSync, readdirSync, readSync, closeSync, realpathSync, statSync, type PathLike } from 'node:fs';
import { join } from 'node:path';
import { systemErrorCode, userError } from '../../base/errors.js';

/** A file below a folder that was walked. */
export interface WalkedFile {
  /** Absolute. */
  readonly path: string;
  /** '/'-separated, relative to the folder walked. */
  readonly name: string;
}

/**
 * The regular files below `folder` (links followed, each folder once), sorted by name in code unit order; hidden ones
 * (leading dot) left out. Links to nothing or in a circle are among them: opening such a file says what is wrong. Throws
 * `path-not-utf8` for an image, a label or a folder with a name that manifests could not hold.
 */
export function walkFiles(folder: string, signal?: AbortSignal): WalkedFile[] {
  const found: WalkedFile[] = [];
  const visited = new Set<string>();
  const waiting = [''];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    signal?.throwIfAborted();
    const real = realpathSync(join(folder, name));
    if (visited.has(real)) continue;
    visited.add(real);
    const entries = readdirSync(join(folder, name)).filter((entry) => !entry.startsWith('.'));
    if (entries.some(isNotUtf8)) refuseNotUtf8(join(folder, name));
    for (const entry of entries) {
      if (isNotUtf8(entry)) continue;
      const child = name === '' ? entry : `${name}/${entry}`;
      const kind = kindOf(join(folder, child));
      if (kind === 'folder') waiting.push(child);
      else if (kind === 'file') found.push({ path: join(folder, child), name: child });
    }
  }
  return found.sort((a, b) => compareNames(a.name, b.name));
}

function kindOf(path: PathLike): 'file' | 'folder' | 'other' {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats?.isDirectory()) return 'folder';
    return stats === undefined || stats.isFile() ? 'file' : 'other';
  } catch (error) {
    if (systemErrorCode(error) === 'ELOOP') return 'file';
    throw error;
  }
}

/** Node decodes what is not UTF-8 as this character; a manifest cannot tell such a name from another. */
function isNotUtf8(name: string): boolean {
  return name.includes('\uFFFD');
}

/** Files of other kinds may have any name. Names that cannot be decoded name nothing: the bytes themselves are asked. */
function refuseNotUtf8(folder: string): void {
  for (const bytes of readdirSync(folder, { encoding: 'buffer' })) {
    const name = bytes.toString('utf8');
    if (!isNotUtf8(name) || name.startsWith('.')) continue;
    const path = Buffer.concat([Buffer.from(`${folder}/`), bytes]);
    const kind = kindOf(path);
    if (kind === 'folder' || (kind === 'file' && (LABEL_NAME.test(name) || isImage(name, path)))) {
      throw notUtf8(join(folder, name));
    }
  }
}

/** Order by UTF-16 code units: the same on every machine, whatever its language. */
export function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function notUtf8(path: string): Error {
  return userError('path-not-utf8', `the name of ${path} is not UTF-8, which a manifest cannot hold`, {
    location: { file: path },
    hint: 'Rename the file.',
  });
}

const LABEL_NAME = /\.gt\.txt$/;
const IMAGE_EXTENSION = /\.(?:jpe?g|png|tiff?|webp|gif|bmp|avif|heic|heif|jp2|jxl)$/i;

/** True if the file says it is an image, by its first bytes or by its name (then a broken one is found, not passed over). */
export function looksLikeImage(file: WalkedFile): boolean {
  return isImage(file.name, file.path);
}

function isImage(name: string, path: PathLike): boolean {
  return IMAGE_EXTENSION.test(name) || hasImageSignature(path);
}

/** True if the first bytes are those of a format that sharp decodes, or nobody can tell because they may not be read. */
function hasImageSignature(path: PathLike): boolean {
  try {
    return isImageHead(firstBytes(path, HEAD_BYTES));
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === undefined) throw error;
    return code !== 'ENOENT' && code !== 'ELOOP';
  }
}

const HEAD_BYTES = 12;

/** True for the first bytes of an image in a format that sharp decodes. */
export function isImageHead(head: Buffer): boolean {
  const text = head.toString('latin1', 0, HEAD_BYTES);
  return (
    text.startsWith('\xff\xd8\xff') ||
    text.startsWith('\x89PNG') ||
    text.startsWith('GIF8') ||
    text.startsWith('II*\0') ||
    text.startsWith('MM\0*') ||
    (text.startsWith('RIFF') && text.endsWith('WEBP')) ||
    /^ftyp(?:avif|heic|mif1)/.test(text.slice(4))
  );
}

/** Up to `count` bytes from the beginning of a file. */
export function firstBytes(path: PathLike, count: number): Buffer {
  const bytes = Buffer.alloc(count);
  const fd = openSync(path, 'r');
  try {
    return bytes.subarray(0, readSync(fd, bytes, 0, count, 0));
  } finally {
    closeSync(fd);
  }
}
