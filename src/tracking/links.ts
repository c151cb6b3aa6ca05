/**
 * Why a symbolic link may not stand at `path` (below a tracked directory, latin1) with this target, or undefined if it may:
 * a link is kept if it stays inside the directory whatever machine it is on.
 */
export function linkProblem(path: string, target: string): string | undefined {
  if (target.startsWith('/') || /^[a-z]:[\\/]/i.test(target)) return 'its target is an absolute path';
  let depth = path.split('/').length - 1;
  for (const part of target.split('/')) {
    if (part === '..') depth -= 1;
    else if (part !== '' && part !== '.') depth += 1;
    if (depth < 0) return 'its target is outside the tracked directory';
  }
  return undefined;
}
