import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { absPath, type AbsPath } from '../base/paths.js';

/**
 * The first work tree of the repository that a linked one (`git worktree add`) belongs to, found without starting git. Undefined for the
 * first one itself, for a submodule, and where the repository has no work tree of its own.
 */
export function mainWorkTree(workTree: AbsPath): AbsPath | undefined {
  const link = join(workTree, '.git');
  if (lstatSync(link, { throwIfNoEntry: false })?.isFile() !== true) return undefined;
  const own = /^gitdir: (.*\S)/.exec(readFileSync(link, 'utf8'))?.[1];
  const folder = own === undefined ? undefined : resolve(workTree, own);
  if (folder === undefined || !existsSync(join(folder, 'commondir'))) return undefined;
  const common = resolve(folder, readFileSync(join(folder, 'commondir'), 'utf8').trim());
  const config = existsSync(join(common, 'config')) ? readFileSync(join(common, 'config'), 'utf8') : '';
  if (/^\s*bare\s*=\s*true\s*$/m.test(config)) return undefined;
  const named = /^\s*worktree\s*=\s*(.*\S)/m.exec(config)?.[1];
  if (named !== undefined) return absPath(resolve(common, named));
  return basename(common) === '.git' ? absPath(dirname(common)) : undefined;
}
