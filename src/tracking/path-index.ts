import { posix } from 'node:path';
import type { RepoPath } from '../base/paths.js';

/** Finds which of some paths hold a path or lie in it, at the cost of its depth, however many they are. */
export class PathIndex {
  readonly #paths: ReadonlySet<string>;
  /** For each folder, a path that lies in it. */
  readonly #inside = new Map<string, RepoPath>();

  constructor(paths: Iterable<RepoPath>) {
    const all = new Set(paths);
    this.#paths = all;
    for (const path of all) {
      for (const folder of foldersAbove(path)) {
        if (this.#inside.has(folder)) break;
        this.#inside.set(folder, path);
      }
    }
  }

  has(path: RepoPath): boolean {
    return this.#paths.has(path);
  }

  /** The path that holds `path`, other than itself; the nearest, if there are several. */
  holderOf(path: RepoPath): RepoPath | undefined {
    return foldersAbove(path).find((folder) => this.#paths.has(folder));
  }

  /** A parent or child of `path`, if any. */
  overlapping(path: RepoPath): RepoPath | undefined {
    return this.holderOf(path) ?? this.#inside.get(path);
  }
}

/** The nearest first, without the root. */
function foldersAbove(path: RepoPath): RepoPath[] {
  const folders: RepoPath[] = [];
  for (let at = posix.dirname(path); at !== '.'; at = posix.dirname(at)) folders.push(at as RepoPath);
  return folders;
}
