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
  let byEnd: FilesByEnd | undefined;
  return {
    folder,
    find(reference) {
      const paths = imagePaths(reference);
      for (const path of paths) {
        const file = fileAt(folder, path);
        if (file) return { files: [file], fit: Infinity };
      }
      byEnd ??= filesByEnd(walkFiles(folder, signal));
      for (const path of paths) {
        const found = bestMatches(byEnd, path);
        if (found.files.length > 0) return found;
      }
      return { files: [], fit: 0 };
    },
  };
}

/** The file at a path, or a link there whose file is gone: that is an image that cannot be read, not another image. */
function fileAt(folder: string, path: string): WalkedFile | undefined {
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

/** Files under each end of their path: `c.png`, `b/c.png` and `a/b/c.png` for the last. */
type FilesByEnd = ReadonlyMap<string, readonly WalkedFile[]>;

function filesByEnd(files: readonly WalkedFile[]): FilesByEnd {
  const ends = files.flatMap((file) => {
    const segments = segmentsOf(file.name);
    return segments.map((_, index) => ({ file, end: segments.slice(index).join('/') }));
  });
  const found = new Map<string, WalkedFile[]>();
  for (const [end, group] of groupBy(ends, (one) => one.end)) {
    found.set(
      end,
      group.map(({ file }) => file),
    );
  }
  return found;
}

function bestMatches(byEnd: FilesByEnd, path: string): Found {
  const segments = segmentsOf(path);
  for (let fit = segments.length; fit > 0; fit -= 1) {
    const files = byEnd.get(segments.slice(-fit).join('/'));
    if (files) return { files, fit };
  }
  const uploaded = /^[0-9a-f]{8}-(?<name>.+)$/.exec(segments.at(-1) ?? '')?.groups?.['name'];
  return { files: (uploaded === undefined ? undefined : byEnd.get(uploaded)) ?? [], fit: FIT_OF_UPLOAD };
}
