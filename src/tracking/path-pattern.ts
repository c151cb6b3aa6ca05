import type { PathPattern } from '../base/path-pattern.js';
import type { RepoPath } from '../base/paths.js';
import { directoryIn, findPath, treeEntries, WalkLimits, type TreeRef } from '../store/tree-reader.js';
import { bytePath } from './byte-path.js';
import { wildmatch, type Wildmatch } from './ignore/wildmatch.js';

/** True for a path that may mean several. */
export function isPattern(path: string): boolean {
  return /[*?[]/.test(path);
}

/** A path in which `*`, `?` and `[…]` stand for parts of a name, and `**` as a name for any number of folders, or none. */
export function pathPattern(path: RepoPath): PathPattern {
  const names = bytePath(path).split('/');
  return new Levels(
    names.map((name) => (name === '**' ? 'any' : { name, matches: wildmatch(name) })),
    names,
    [0],
  );
}

/** What a pattern means of a tracked path: all of it (also where a folder above is meant), what is meant below it, or neither. */
export function alongPath(pattern: PathPattern, path: RepoPath): 'whole' | PathPattern | undefined {
  let at: PathPattern = pattern;
  for (const name of bytePath(path).split('/')) {
    const next = at.step(name, 'folder');
    if (next === undefined || next === 'whole') return next;
    at = next;
  }
  return at;
}

/**
 * The paths below a directory that a pattern means, in order: of a folder in which it means everything that folder, '' for all of
 * the directory itself. Throws like `treeEntries` where a listing is not there.
 */
export function pathsMatching(tree: TreeRef, pattern: PathPattern): string[] {
  const { text } = pattern;
  if (text !== undefined && findPath(tree, text) !== undefined) return [text];
  return matchesBelow(tree, pattern, { above: '', depth: 0, limits: new WalkLimits() });
}

function matchesBelow(
  tree: TreeRef,
  pattern: PathPattern,
  { above, depth, limits }: { above: string; depth: number; limits: WalkLimits },
): string[] {
  limits.enter(tree, depth);
  const found: string[] = [];
  let [entries, wholes] = [0, 0];
  for (const entry of treeEntries(tree)) {
    entries += 1;
    const path = above === '' ? entry.name : `${above}/${entry.name}`;
    const step = pattern.step(entry.name, entry.kind === 'directory' ? 'folder' : 'other');
    if (step === 'whole') found.push(path);
    else if (step && entry.kind === 'directory') {
      const below = directoryIn(tree, entry);
      for (const each of matchesBelow(below, step, { above: path, depth: depth + 1, limits }))
        found.push(each);
    }
    if (found.at(-1) === path) wholes += 1;
  }
  return entries > 0 && wholes === entries ? [above] : found;
}

type Level = 'any' | { name: string; matches: Wildmatch };

/** The names of a pattern, and those that may come next: several, where '**' may have ended or go on. */
class Levels implements PathPattern {
  readonly #levels: readonly Level[];
  readonly #names: readonly string[];
  readonly #next: readonly number[];

  constructor(levels: readonly Level[], names: readonly string[], next: readonly number[]) {
    this.#levels = levels;
    this.#names = names;
    this.#next = [...new Set(next.flatMap((at) => skippingAny(levels, at)))];
  }

  get text(): string {
    return this.#names.slice(Math.min(...this.#next)).join('/');
  }

  step(name: string): 'whole' | PathPattern | undefined {
    const next = this.#next.flatMap((at) => {
      const level = this.#levels[at];
      if (level === undefined) return [];
      if (level === 'any') return skippingAny(this.#levels, at);
      return level.name === name || level.matches(name) ? skippingAny(this.#levels, at + 1) : [];
    });
    if (next.includes(this.#levels.length)) return 'whole';
    return next.length === 0 ? undefined : new Levels(this.#levels, this.#names, next);
  }
}

/** Where a pattern goes on from a level: '**' may stand for no folder at all. */
function skippingAny(levels: readonly Level[], at: number): number[] {
  return levels[at] === 'any' ? [at, ...skippingAny(levels, at + 1)] : [at];
}
