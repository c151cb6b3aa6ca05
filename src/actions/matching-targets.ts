import { posix } from 'node:path';
import { textOfBytes } from '../base/byte-text.js';
import { OcrpipeError, userError } from '../base/errors.js';
import type { PathPattern } from '../base/path-pattern.js';
import type { RepoPath } from '../base/paths.js';
import type { LocalStore } from '../store/local-store.js';
import { utf8Beginning } from '../tracking/byte-path.js';
import { alongPath, pathPattern, pathsMatching } from '../tracking/path-pattern.js';
import type { Snapshot } from '../tracking/workspace-files.js';

/** What a pattern that somebody typed means below a tracked directory. */
export interface TypedPattern {
  below: PathPattern;
  typed: string;
  /** True if it means other tracked paths as a whole: then it need not mean anything here. */
  hasOthers: boolean;
}

/** A tracked path of which a pattern may mean parts. */
interface Patterned {
  path: RepoPath;
  snapshot: Snapshot;
  pattern?: TypedPattern;
}

/** The tracked paths that a pattern means as a whole, and those in which it may mean parts. */
export function pathsMeant(
  tracked: readonly RepoPath[],
  path: RepoPath,
): { wholes: RepoPath[]; inside: { path: RepoPath; below: PathPattern }[] } {
  const pattern = pathPattern(path);
  const wholes: RepoPath[] = [];
  const inside: { path: RepoPath; below: PathPattern }[] = [];
  for (const one of tracked) {
    const along = alongPath(pattern, one);
    if (along === 'whole') wholes.push(one);
    else if (along !== undefined) inside.push({ path: one, below: along });
  }
  return { wholes, inside };
}

/**
 * Targets with the parts that patterns mean in the place of the patterns, as the listings of the store say; `unread` are those whose
 * listings it does not have. Throws `nothing-tracked` (exit code 2) for a pattern that means nothing.
 */
export function withPartsMeant<Target extends Patterned>(
  store: LocalStore,
  targets: readonly Target[],
): { known: (Omit<Target, 'pattern'> & { below?: string })[]; unread: Omit<Target, 'pattern'>[] } {
  const known: (Omit<Target, 'pattern'> & { below?: string })[] = [];
  const unread: Omit<Target, 'pattern'>[] = [];
  const empty = new Map<string, boolean>();
  for (const { pattern, ...target } of targets) {
    if (pattern === undefined) {
      known.push(target);
      continue;
    }
    const { typed, hasOthers, below } = pattern;
    const parts = partsMeant(store, target.snapshot, below);
    if (parts === undefined) {
      unread.push(target);
      empty.set(typed, false);
      continue;
    }
    empty.set(typed, (empty.get(typed) ?? !hasOthers) && parts.length === 0);
    known.push(...[...new Set(parts)].map((part) => (part === '' ? target : { ...target, below: part })));
  }
  for (const [typed, isEmpty] of empty) if (isEmpty) throw nothingMatches(typed);
  return { known, unread };
}

/** Undefined where the store does not have, or not sound, a listing that it takes. */
function partsMeant(store: LocalStore, { id }: Snapshot, pattern: PathPattern): string[] | undefined {
  try {
    // Of what lies behind a name that is not UTF-8, the folder above that name is meant.
    return pathsMatching({ reader: store, id }, pattern).map((path) => utf8Beginning(textOfBytes(path)));
  } catch (error) {
    if (error instanceof OcrpipeError && /^object-(missing|damaged)$/.test(error.code)) return undefined;
    throw error;
  }
}

/** `nothing-tracked`: no tracked path, and nothing in one, is what a pattern means. */
export function nothingMatches(typed: string) {
  const folder = posix.dirname(typed.replace(/\/?[^/]*[*?[].*$/, '/x'));
  return userError('nothing-tracked', `nothing that is tracked matches '${typed}'`, {
    hint: `'ocrpipe ls . ${folder}' shows what there is. '*' and '?' stand for parts of a name, '**' for any folders; quotes keep the shell from them.`,
  });
}
