import { isWithin, type RepoPath } from '../../../base/paths.js';
import { bytePath } from '../../../tracking/byte-path.js';
import { mayTake } from '../../../tracking/file-choice.js';
import { parseGlob } from './globs.js';
import { lineRangesText, parseLineRanges } from './line-ranges.js';
import type { Dependency, Stage } from '../stage/stage.js';

/** What of a dependency counts, as it is written down; nothing: all of it. */
export interface LockedPart {
  /** The path is a pattern, and the content the tree of the files that it names. */
  readonly glob?: true;
  /** These lines of a file: '1-2000,3000-'. */
  readonly lines?: string;
  /** The files that git holds or would take up, of a file or folder. */
  readonly git?: true;
}

/** A dependency as it is written down, without what it holds. */
export type WrittenDependency = { readonly path: RepoPath } & LockedPart;

export function writtenDependency({ path, part }: Pick<Dependency, 'path' | 'part'>): WrittenDependency {
  switch (part?.kind) {
    case 'glob':
      return { path: part.pattern, glob: true };
    case 'lines':
      return { path, lines: lineRangesText(part.ranges) };
    case 'git':
      return { path, git: true };
    case undefined:
      return { path };
  }
}

/** The other way round. */
export function partOfWritten({ path, glob, lines, git }: WrittenDependency): Omit<Dependency, 'at'> {
  if (glob === true) return globDependency(path);
  if (lines !== undefined) return { path, part: { kind: 'lines', ranges: parseLineRanges(lines) ?? [] } };
  return git === true ? { path, part: { kind: 'git' } } : { path };
}

/** The files that a pattern names. */
export function globDependency(pattern: RepoPath): Omit<Dependency, 'at'> {
  const { base, choice } = parseGlob(pattern);
  return { path: base, part: { kind: 'glob', pattern, choice } };
}

/** Of what is written down of a dependency, what says which part counts. */
export function lockedPart({ glob, lines, git }: LockedPart): LockedPart {
  return {
    ...(glob === true && { glob }),
    ...(lines !== undefined && { lines }),
    ...(git === true && { git }),
  };
}

/** True where not all of a path counts. */
export function isPart({ glob, lines, git }: LockedPart): boolean {
  return glob === true || lines !== undefined || git === true;
}

/** How a dependency is called: 'data/raw', 'data/raw/*.png', 'labels.txt:1-2000', 'src (git)'. */
export function dependencyName({ path, lines, git }: { readonly path: string } & LockedPart): string {
  if (lines !== undefined) return `${path}:${lines}`;
  return git === true ? `${path} (git)` : path;
}

/** Tells the dependencies of one stage from each other, and sorts them by path. */
export function dependencyKey({
  path,
  glob,
  lines = '',
  git,
}: { readonly path: string } & LockedPart): string {
  return [path, glob === true ? 'glob' : '', lines, git === true ? 'git' : ''].join('\0');
}

/** True if what stands at a path, above or below it may be part of a dependency. */
export function touches(dep: Pick<Dependency, 'path' | 'part'>, path: RepoPath): boolean {
  if (isWithin(dep.path, path)) return true;
  if (!isWithin(path, dep.path)) return false;
  if (dep.part?.kind !== 'glob') return true;
  const below = dep.path === '.' ? path : path.slice(dep.path.length + 1);
  return mayTake(dep.part.choice, bytePath(below));
}

/** All that a stage reads in the workspace: its dependencies, and the files of its parameters. */
export function readBy(stage: Pick<Stage, 'deps' | 'params'>): readonly Pick<Dependency, 'path' | 'part'>[] {
  return [...stage.deps, ...stage.params.map(({ file }) => ({ path: file }))];
}
