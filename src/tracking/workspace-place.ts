import { realpathSync } from 'node:fs';
import { basename, dirname, join, posix } from 'node:path';
import { systemErrorCode, userError, type OcrpipeError } from '../base/errors.js';
import { lstatIfThere } from '../base/lstat-if-there.js';
import { shellQuote } from '../base/shell-quote.js';
import { toRepoPath, type AbsPath, type RepoPath } from '../base/paths.js';
import type { StoreLinks } from './scan/store-links.js';

/**
 * Refuses a path with a symbolic link in it (or at its end): what is written or stored there would land somewhere else.
 * Parts that do not exist are no links; a link at the end that stands for a file of the store is that file.
 */
export function refuseLinks(
  root: AbsPath,
  path: RepoPath,
  options: { end: boolean; storeLinks?: StoreLinks; hint?: () => string | undefined },
): void {
  linksRefused(root, options)(path);
}

/** The same for many paths, asked one after the other: each folder is looked at once. */
export function linksRefused(
  root: AbsPath,
  options: { end: boolean; storeLinks?: StoreLinks; hint?: (path: RepoPath) => string | undefined },
): (path: RepoPath) => void {
  const sound = new Set<string>();
  const isLink = (part: string): boolean => lstatIfThere(join(root, part))?.isSymbolicLink() === true;
  const refuseAbove = (path: RepoPath): void => {
    const folder = posix.dirname(path) as RepoPath;
    if (folder === '.' || sound.has(folder)) return;
    refuseAbove(folder);
    if (isLink(folder)) throw throughLink(folder);
    sound.add(folder);
  };
  return (path) => {
    refuseAbove(path);
    if (!options.end || !isLink(path) || options.storeLinks?.isSymlink(join(root, path)) === true) return;
    throw throughLink(path, options.hint?.(path));
  };
}

function throughLink(part: string, hint?: string): OcrpipeError {
  return userError('path-through-link', `${part} is a symbolic link`, {
    hint: hint ?? 'Name the file or folder that it leads to, or put that in its place.',
  });
}

/**
 * Where a path that is only read really is, links followed but one at its end that stands for a file of the store. Undefined
 * if nothing is there; refuses what is outside.
 */
export function realPlace(root: AbsPath, path: RepoPath, storeLinks: StoreLinks): RepoPath | undefined {
  let real: string;
  try {
    const place = join(root, path);
    real = storeLinks.isSymlink(place)
      ? join(realpathSync.native(dirname(place)), basename(place))
      : realpathSync.native(place);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code !== 'ELOOP') throw error;
    throw userError('path-through-link', `${path} is a symbolic link that leads to itself`, {
      hint: 'Remove or correct the link.',
    });
  }
  if (real !== root && !real.startsWith(`${root}/`)) {
    throw userError('path-outside-workspace', `${path} leads out of the workspace, to ${real}`, {
      hint: `Put the files themselves there; where the path is tracked, 'ocrpipe checkout --force ${shellQuote(path)}' puts the tracked ones in the place of the link.`,
    });
  }
  return toRepoPath(root, real);
}

/**
 * Where tracked paths really are, asked one after the other: each folder is followed once. A link in the place of one is refused as a
 * checkout refuses it, whatever it leads to: what is there is not what was put there, and only the user knows which of the two is to stay.
 */
export function trackedPlaces(
  root: AbsPath,
  storeLinks: StoreLinks,
): (path: RepoPath) => RepoPath | undefined {
  const folders = new Map<string, string>();
  return (path) => {
    const place = join(root, path);
    if (!isFileOrFolder(place)) {
      const real = realPlace(root, path, storeLinks);
      refuseLinks(root, path, { end: true, storeLinks, hint: () => linkInPlaceHint(path) });
      return real;
    }
    const folder = dirname(place);
    const real = folders.get(folder) ?? realpathSync(folder);
    folders.set(folder, real);
    return real === folder ? path : toRepoPath(root, join(real, basename(place)));
  };
}

/** The ways out where a link stands in the place of a tracked path. */
export function linkInPlaceHint(path: RepoPath): string {
  const quoted = shellQuote(path);
  return `'ocrpipe checkout --force ${quoted}' puts what is tracked in its place, and leaves alone what the link leads to; 'ocrpipe add --follow ${quoted}' tracks a copy of that.`;
}

function isFileOrFolder(place: string): boolean {
  try {
    return lstatIfThere(place)?.isSymbolicLink() === false;
  } catch {
    // Whoever follows it says what is wrong.
    return false;
  }
}

/** Refuses paths that can not be tracked whatever is there: the root itself, what is outside, and what belongs to git and ocrpipe. */
export function refuseOwnFolders(path: RepoPath): void {
  if (path === '.') {
    throw userError('path-not-trackable', 'the workspace itself cannot be tracked', {
      hint: 'Name a file or folder in it.',
    });
  }
  const parts = path.split('/');
  if (parts.some((part) => ['', '.', '..'].includes(part))) {
    throw userError('path-outside-workspace', `${path} is no path below the workspace root`, {
      hint: 'Name a file or folder in the workspace.',
    });
  }
  const owner = parts.find((part) => ['.git', '.ocrstore'].includes(part.toLowerCase()));
  if (owner !== undefined) {
    const where = path === owner ? path : `${path} is inside ${owner}, which`;
    const whose = owner.toLowerCase() === '.git' ? 'git' : 'ocrpipe';
    throw userError('path-not-trackable', `${where} belongs to ${whose}`, {
      hint: 'Name a file or folder of your own.',
    });
  }
}
