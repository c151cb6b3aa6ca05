import { userError } from '../base/errors.js';
import { suggest } from '../base/nearest.js';
import { isWithin, type RepoPath } from '../base/paths.js';
import { pathOfPointer } from '../tracking/pointers/plain-pointer.js';

/**
 * The tracked paths that are meant: those named, those below a named folder, or the one whose pointer is named; all, if none
 * is named. Throws `not-tracked`, with what was likely meant: one of them, or of `others` that can be named too.
 */
export function selectTracked(
  tracked: readonly RepoPath[],
  named: readonly RepoPath[],
  others: readonly string[] = [],
): RepoPath[] {
  if (named.length === 0) return [...tracked];
  const chosen = new Set(named.flatMap((path) => matching(tracked, path, others)));
  return tracked.filter((path) => chosen.has(path));
}

function matching(tracked: readonly RepoPath[], path: RepoPath, others: readonly string[]): RepoPath[] {
  const pointed = pathOfPointer(path);
  const found = tracked.filter((each) => isWithin(each, path) || each === pointed);
  if (found.length > 0) return found;
  const holder = tracked.find((each) => isWithin(path, each));
  if (holder !== undefined) {
    throw userError('not-tracked', `${path} is not tracked by itself: it belongs to ${holder}`, {
      hint: `Name ${holder}.`,
    });
  }
  throw userError('not-tracked', `${path} is not tracked`, {
    hint:
      tracked.length + others.length === 0
        ? "Nothing is tracked yet: begin with 'ocrpipe add PATH'."
        : suggest(path, [...tracked, ...others]),
  });
}
