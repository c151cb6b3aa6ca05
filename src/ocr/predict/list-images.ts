import { lstatSync, statSync, type Stats } from 'node:fs';
import { resolve, sep } from 'node:path';
import { systemErrorCode, userError } from '../../base/errors.js';
import { looksLikeImage, walkFiles } from '../formats/walk.js';
import { parseNamePattern } from './name-pattern.js';

/** An image to read: where it is, and what to call it. */
export interface NamedImage {
  file: string;
  /** As given; below a folder, the folder as given and the name below it. */
  name: string;
}

/**
 * The images that some paths name: files as given (opened later, so that a broken one is an error), folders walked in
 * sorted order with everything passed over that is no image, and patterns (see `parseNamePattern`), which mean the files that they
 * match, sorted. A path that is there is meant itself, whatever characters it has. Throws `path-missing`, `not-a-file` (a
 * pipe or a device, which would be waited for) and `no-images` (exit code 2).
 */
export function listImages(paths: readonly string[], cwd: string, signal?: AbortSignal): NamedImage[] {
  const images = paths.flatMap((path) => imagesOf(path, cwd, signal));
  if (images.length > 0) return images;
  throw userError('no-images', `there is no image in ${paths.join(', ')}`, {
    hint: 'Name image files, or folders that hold some.',
  });
}

function imagesOf(path: string, cwd: string, signal?: AbortSignal): NamedImage[] {
  const file = resolve(cwd, path);
  const pattern = isThere(file) ? undefined : parseNamePattern(path);
  if (pattern !== undefined) {
    const root = resolve(cwd, pattern.folder);
    if (!isThere(root)) throw missing(path);
    const found = walkFiles(root, signal).filter((walked) => pattern.matches(walked.name));
    if (found.length === 0) throw missing(path);
    return found.map(({ path: inside, name }) => ({ file: inside, name: pattern.folder + name }));
  }
  if (!isFolder(file, path)) return [{ file, name: path }];
  const found = walkFiles(file, signal).filter(looksLikeImage);
  const folder = path.endsWith(sep) ? path : path + sep;
  return found.map(({ path: inside, name }) => ({ file: inside, name: folder + name }));
}

function isThere(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}

/** False for a regular file. */
function isFolder(file: string, path: string): boolean {
  const kind = kindOf(file, path);
  if (kind.isDirectory() || kind.isFile()) return kind.isDirectory();
  throw userError('not-a-file', `${path} is neither a file nor a folder`, {
    location: { file: path },
    hint: 'Give the path of an image, or of a folder of images.',
  });
}

function kindOf(file: string, path: string): Stats {
  try {
    return statSync(file);
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    throw missing(path, error);
  }
}

function missing(path: string, cause?: unknown): Error {
  return userError('path-missing', `there is no file or folder ${path}`, {
    location: { file: path },
    hint: 'Give the path of an image, or of a folder of images.',
    ...(cause === undefined ? {} : { cause }),
  });
}
