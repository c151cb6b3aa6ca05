import { lstatSync } from 'node:fs';
import { fromRepoPath, type RepoPath } from '../../base/paths.js';
import type { PointedPath, Snapshot } from '../../tracking/workspace-files.js';
import { withParents } from '../definition/graph/graph.js';
import type { PipelineHost } from '../host.js';

type Asked = Pick<PipelineHost, 'root' | 'files' | 'within'>;

/** The tracked path, nothing of which is here, that a path is or lies in; undefined if there is none. */
export function absentPointed({ root, files }: Asked, path: RepoPath): PointedPath | undefined {
  for (const holder of withParents(path)) {
    if (lstatSync(fromRepoPath(root, holder), { throwIfNoEntry: false })) return undefined;
    const snapshot = files.pointer(holder);
    if (snapshot) return { path: holder, snapshot };
  }
  return undefined;
}

/** What such a path is to hold; undefined too where the listing of the directory that it lies in is not in the store. */
export function absentContent(host: Asked, path: RepoPath): Snapshot | undefined {
  const pointed = absentPointed(host, path);
  if (!pointed || pointed.path === path) return pointed?.snapshot;
  return host.within(pointed.snapshot, path.slice(pointed.path.length + 1));
}
