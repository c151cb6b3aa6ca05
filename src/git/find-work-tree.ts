import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { AbsPath } from '../base/paths.js';

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
