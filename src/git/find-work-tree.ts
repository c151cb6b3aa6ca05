import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { AbsPath, RepoPath } from '../base/paths.js';

/**
 * The root of the git work tree that holds `folder`, found by its `.git` (a folder, or a file in linked work trees and
 * submodules) without starting git. Undefined outside of any.
 */
export function findWorkTree(folder: AbsPath): AbsPath | undefined {
  for (let at: string = folder; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return at as AbsPath;
    if (dirname(at) === at) return undefined;
  }
}

/** The repository below `root` (a submodule, or a clone) that a path lies in: git holds nothing of it for the one around. */
export function repositoryBelow(root: AbsPath, path: RepoPath): RepoPath | undefined {
  const parts = path.split('/');
  for (let length = 1; length < parts.length; length += 1) {
    const folder = parts.slice(0, length).join('/') as RepoPath;
    if (existsSync(join(root, folder, '.git'))) return folder;
  }
  return undefined;
}
