import { openSync, readdirSync, readSync, closeSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { userError } from '../../base/errors.js';

/** A file below a folder that was walked. */
export interface WalkedFile {
  /** Absolute. */
  readonly path: string;
  /** '/'-separated, relative to the folder walked. */
  readonly name: string;
}

/**
 * The regular files below `folder` (links followed, each folder once), sorted by name in code unit order; hidden ones
 * (leading dot) left out. Throws `path-not-utf8` for a name that manifests could not hold.
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
    for (const entry of readdirSync(join(folder, name))) {
      if (entry.startsWith('.')) continue;
      const child = name === '' ? entry : `${name}/${entry}`;
      if (entry.includes('\uFFFD')) throw notUtf8(join(folder, child));
      const kind = statSync(join(folder, child), { throwIfNoEntry: false });
      if (kind?.isDirectory()) waiting.push(child);
      else if (kind?.isFile()) found.push({ path: join(folder, child), name: child });
    }
  }
  return found.sort((a, b) => compareNames(a.name, b.name));
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

const IMAGE_EXTENSION = /\.(?:jpe?g|png|tiff?|webp|gif|bmp|avif|heic|heif|jp2|jxl)$/i;

/** True if the file says it is an image, by its first bytes or by its name (then a broken one is found, not passed over). */
export function looksLikeImage(file: WalkedFile): boolean {
  return IMAGE_EXTENSION.test(file.name) || hasImageSignature(file.path);
}

/** True if the first bytes are those of a format that sharp decodes. */
function hasImageSignature(path: string): boolean {
  const head = firstBytes(path, 12);
  const text = head.toString('latin1');
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
export function firstBytes(path: string, count: number): Buffer {
  const bytes = Buffer.alloc(count);
  const fd = openSync(path, 'r');
  try {
    return bytes.subarray(0, readSync(fd, bytes, 0, count, 0));
  } finally {
    closeSync(fd);
  }
}
