import { realpathSync } from 'node:fs';
import { isAbsolute, parse, sep } from 'node:path';
import { userError } from './errors.js';
import { toRepoPath, type AbsPath, type RepoPath } from './paths.js';

/**
 * A path as it was typed in `cwd`, as one inside `root` (all links followed). An absolute one may come to the root by way of links, as
 * `$PWD` does; links further down stay as they are. Throws `path-empty` and `path-outside-workspace`.
 */
export function typedPath(root: AbsPath, typed: string, cwd: AbsPath): RepoPath {
  // Otherwise it would be the current folder: what a variable that is not set stands for must not be everything.
  if (typed === '') {
    throw userError('path-empty', 'an empty path names nothing', {
      hint: "Look at the variable or the quotes that it comes from; '.' is the current folder.",
    });
  }
  return toRepoPath(root, isAbsolute(typed) ? fromRealRoot(root, typed) : typed, cwd);
}

/** `path` with its beginning that leads to `root` replaced by that; as it is where none does. */
function fromRealRoot(root: AbsPath, path: string): string {
  if (path === root || path.startsWith(`${root}${sep}`)) return path;
  const top = parse(path).root;
  const parts = path.slice(top.length).split(sep);
  for (let count = 1; count <= parts.length; count += 1) {
    const beginning = top + parts.slice(0, count).join(sep);
    const real = realFolder(beginning);
    if (real === undefined) return path;
    if (real === root) return [root, ...parts.slice(count)].join(sep);
  }
  return path;
}

function realFolder(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
