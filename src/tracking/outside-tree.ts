import { basename, dirname, join } from 'node:path';
import { absPath, type AbsPath, type RepoPath } from '../base/paths.js';
import type { LocalStore } from '../store/local-store.js';
import { memoryFolder } from './memory-folder.js';
import { realFileTimes, type FileTimes } from './scan/file-times.js';
import { hashingSink, NodeMemory } from './scan/sinks.js';
import { scanPath } from './scan/snapshot.js';
import { StatIndex } from './scan/stat-index.js';
import { StoreLinks } from './scan/store-links.js';
import type { CallOptions, TreeSnapshot } from './workspace-files.js';

/** Nothing is written beside files of others, not even to learn what time it is there: so nothing of them is remembered. */
const NOTHING_SETTLED: FileTimes = {
  ...realFileTimes,
  settledBefore: () => Number.NEGATIVE_INFINITY,
  showsNames: () => false,
};

/** What is at a place outside of the workspace, hashed, with its nodes in memory. Undefined if nothing is there. */
export async function outsideTree(
  { root, store }: { root: AbsPath; store: LocalStore },
  place: AbsPath,
  options: CallOptions,
): Promise<TreeSnapshot | undefined> {
  const above = absPath(dirname(place));
  const reader = new NodeMemory();
  const context = {
    root: above,
    index: new StatIndex(join(memoryFolder(root), 'outside')),
    times: NOTHING_SETTLED,
    storeLinks: new StoreLinks(store, above),
  };
  const sink = hashingSink({ node: reader.sink, leavingLinks: 'refuse' });
  const snapshot = await scanPath(context, basename(place) as RepoPath, sink, options);
  return snapshot && { snapshot, reader };
}
