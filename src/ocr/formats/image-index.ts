import { lstatSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { systemErrorCode } from '../../base/errors.js';
import { groupBy } from '../../base/group-by.js';
import { imagePaths } from './image-reference.js';
import { walkFiles, type WalkedFile } from './walk.js';

/** What a reference may mean. */
export interface Found {
  /** The files that fit best; none, one, or several that fit equally well. */
  readonly files: readonly WalkedFile[];
  /** How well: `Infinity` for the path itself, otherwise how many names at the end of both paths are the same. */
  readonly fit: number;
}

/** The fit of a Label Studio upload with the name that the file had before its eight hex digits were added. */
const FIT_OF_UPLOAD = 0.5;

/** Finds files by the path or URL that a label source gives them. */
export interface ImageIndex {
  readonly folder: string;
  /**
   * Tried in this order: the reference as a path from the folder; the files whose path ends like it, the longest such
   * end winning; Label Studio uploads (`/data/upload/2/1a2b3c4d-NAME`) without their eight hex digits.
   */
  find(reference: string): Found;
}

/** An index of `folder`; it is walked on the first reference that is no plain path. */
export function imageIndex(folder: string, signal?: AbortSignal): ImageIndex {
  let byName: Map<string, WalkedFile[]> | undefined;
  return {
    folder,
    find(reference) {
      const paths = imagePaths(reference);
      for (const path of paths) {
        const file = fileAt(folder, path);
        if (file) return { files: [file], fit: Infinity };
      }
      byName ??= groupBy(walkFiles(folder, signal), (file) => segmentsOf(file.name).at(-1) ?? '');
      for (const path of paths) {
        const found = bestMatches(byName, path);
        if (found.files.length > 0) return found;
      }
      return { files: [], fit: 0 };
    },
  };
}

/** The file at a path, or a link there whose file is gone: that is an image that cannot be read, not another image. */
export function fileAt(folder: string, path: string): WalkedFile | undefined {
  if (path === '' || path.includes('\0')) return undefined;
  const file = { path: resolve(folder, path), name: path };
  try {
    const target = statSync(file.path, { throwIfNoEntry: false });
    if (target) return target.isFile() ? file : undefined;
    return lstatSync(file.path, { throwIfNoEntry: false })?.isSymbolicLink() === true ? file : undefined;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ELOOP') return file;
    if (code === 'ENAMETOOLONG') return undefined;
    throw error;
  }
}

/** File systems differ in how they write accents: names are compared in NFC. */
export function segmentsOf(path: string): string[] {
  return path
    .normalize('NFC')
    .split('/')
    .filter((segment) => segment !== '' && segment !== '.');
}

function bestMatches(byName: ReadonlyMap<string, readonly WalkedFile[]>, path: string): Found {
  const segments = segmentsOf(path);
  const name = segments.at(-1) ?? '';
  const uploaded = /^[0-9a-f]{8}-(?<name>.+)$/.exec(name)?.groups?.['name'];
  const exact = byName.get(name);
  if (!exact && uploaded !== undefined) return { files: byName.get(uploaded) ?? [], fit: FIT_OF_UPLOAD };
  const scored = (exact ?? []).map((file) => ({ file, fit: sharedEnd(segments, segmentsOf(file.name)) }));
  const fit = Math.max(0, ...scored.map((one) => one.fit));
  return { files: scored.filter((one) => one.fit === fit).map(({ file }) => file), fit };
}

/** How many path segments two paths share at their ends. */
function sharedEnd(a: readonly string[], b: readonly string[]): number {
  let shared = 0;
  while (shared < Math.min(a.length, b.length) && a.at(-1 - shared) === b.at(-1 - shared)) shared += 1;
  return shared;
}
