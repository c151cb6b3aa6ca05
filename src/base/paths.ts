import { isAbsolute, join, posix, relative, resolve, sep } from 'node:path';
import { userError } from './errors.js';

/** An absolute path on this machine. */
export type AbsPath = string & { readonly __brand: 'AbsPath' };

/**
 * A path relative to the workspace root: '/'-separated, no leading '/', no '.' or '..' parts, '.' for the root itself.
 * The only form of path that is ever written to a file.
 */
export type RepoPath = string & { readonly __brand: 'RepoPath' };

export function absPath(path: string): AbsPath {
  return resolve(path) as AbsPath;
}

/** Normalises a relative path as people or files write it; refuses what leaves the workspace (`path-outside-workspace`). */
export function repoPath(text: string): RepoPath {
  const normal = posix.normalize(text.split(sep).join('/')).replace(/\/$/, '');
  if (
    text === '' ||
    text.includes('\0') ||
    posix.isAbsolute(normal) ||
    normal === '..' ||
    normal.startsWith('../')
  ) {
    throw userError('path-outside-workspace', `'${text}' is outside the workspace`, {
      hint: 'Give a path inside the workspace.',
    });
  }
  return normal as RepoPath;
}

/** `path` (relative to `from`, or absolute) as a path inside `root`; refuses what lies outside. */
export function toRepoPath(root: AbsPath, path: string, from: AbsPath = root): RepoPath {
  const inside = relative(root, resolve(from, path));
  if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
    throw userError('path-outside-workspace', `'${path}' is outside the workspace ${root}`, {
      hint: 'Give a path inside the workspace.',
    });
  }
  return (inside === '' ? '.' : inside.split(sep).join('/')) as RepoPath;
}

export function fromRepoPath(root: AbsPath, path: RepoPath): AbsPath {
  return join(root, path) as AbsPath;
}

/** True if `path` is `folder` or lies below it. */
export function isWithin(path: RepoPath, folder: RepoPath): boolean {
  return folder === '.' || path === folder || path.startsWith(`${folder}/`);
}
