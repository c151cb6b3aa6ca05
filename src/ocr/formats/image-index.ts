import { resolve } from 'node:path';
import { statSync } from 'node:fs';
import { userError } from '../../base/errors.js';
import { groupBy } from '../../base/group-by.js';
import { walkFiles, type WalkedFile } from './walk.js';

/** Finds the file that a label source means by a path or URL of its own. */
export interface ImageIndex {
  /**
   * Tried in this order: the reference as a path from the folder; the files whose path ends like it, the longest such
   * end winning; Label Studio uploads (`/data/upload/2/1a2b3c4d-NAME`) also without their eight hex digits.
   * Throws `image-missing` and `image-ambiguous` (exit code 2); `who` is what the error calls the label.
   */
  find(reference: string, who: string): WalkedFile;
}

/** An index of `folder`; it is walked on the first reference that is no plain path. */
export function imageIndex(folder: string, signal?: AbortSignal): ImageIndex {
  let byName: Map<string, WalkedFile[]> | undefined;
  return {
    find(reference, who) {
      const path = pathOf(reference);
      const direct = plainFile(folder, reference) ?? plainFile(folder, path);
      if (direct) return direct;
      byName ??= groupBy(walkFiles(folder, signal), (file) => segmentsOf(file.name).at(-1) ?? '');
      const found = bestMatches(byName, path);
      if (found.length === 1) return found[0]!;
      throw found.length === 0 ? missing(reference, who, folder) : ambiguous(reference, who, found);
    },
  };
}

/** The path inside a reference: URLs without scheme and query, percent signs decoded. */
function pathOf(reference: string): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(reference) && !reference.startsWith('/data/')) {
    return reference.replaceAll('\\', '/');
  }
  const local = /^\/data\/local-files\/?\?d=(?<path>.*)$/.exec(reference)?.groups?.['path'];
  const path = local ?? reference.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '').replace(/[?#].*$/, '');
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function plainFile(folder: string, reference: string): WalkedFile | undefined {
  if (reference === '' || reference.includes('\0')) return undefined;
  const path = resolve(folder, reference);
  const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
  return isFile ? { path, name: reference } : undefined;
}

/** File systems differ in how they write accents: names are compared in NFC. */
function segmentsOf(path: string): string[] {
  return path
    .normalize('NFC')
    .split('/')
    .filter((segment) => segment !== '' && segment !== '.');
}

function bestMatches(byName: ReadonlyMap<string, WalkedFile[]>, path: string): WalkedFile[] {
  const segments = segmentsOf(path);
  const name = segments.at(-1) ?? '';
  const uploaded = /^[0-9a-f]{8}-(?<name>.+)$/.exec(name)?.groups?.['name'];
  const exact = byName.get(name);
  if (!exact && uploaded !== undefined) return byName.get(uploaded) ?? [];
  const scored = (exact ?? []).map((file) => ({ file, shared: sharedEnd(segments, segmentsOf(file.name)) }));
  const most = Math.max(0, ...scored.map(({ shared }) => shared));
  return scored.filter(({ shared }) => shared === most).map(({ file }) => file);
}

/** How many path segments two paths share at their ends. */
function sharedEnd(a: readonly string[], b: readonly string[]): number {
  let shared = 0;
  while (shared < Math.min(a.length, b.length) && a.at(-1 - shared) === b.at(-1 - shared)) shared += 1;
  return shared;
}

function missing(reference: string, who: string, folder: string): Error {
  return userError('image-missing', `${who}: no image found for ${reference} in ${folder}`, {
    hint: 'Say where the images are with --images DIR.',
  });
}

function ambiguous(reference: string, who: string, found: readonly WalkedFile[]): Error {
  const [first, second] = found;
  return userError(
    'image-ambiguous',
    `${who}: ${reference} may be ${found.length} images, for example ${first?.name ?? ''} and ${second?.name ?? ''}`,
    { hint: 'Point --images DIR at the folder that holds the right ones only.' },
  );
}
