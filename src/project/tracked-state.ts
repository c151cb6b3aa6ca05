import type { RepoPath } from '../base/paths.js';
import type { CommitId } from '../git/git.js';
import type { ObjectReader } from '../store/object-reader.js';
import { isPointerText, pathOfPointer } from '../tracking/pointers/plain-pointer.js';
import { parsePointer } from '../tracking/pointers/pointer.js';
import type { CallOptions, Snapshot } from '../tracking/workspace-files.js';
import type { Workspace } from './workspace.js';

/** What a tracked path holds in one state of the workspace, and where the nodes of its directories are read. */
export interface TrackedSnapshot {
  snapshot: Snapshot;
  reader: ObjectReader;
}

/** Every tracked path of one state of the workspace. */
export type TrackedState = ReadonlyMap<RepoPath, TrackedSnapshot>;

const AS_COMMITTED = 'It was committed so: name another commit.';

/** What the pointers of a commit name. Throws for a broken one, naming the commit. */
export async function trackedAt(workspace: Workspace, commit: CommitId): Promise<TrackedState> {
  const { git, store } = workspace;
  if (git === undefined) return new Map();
  const files = (await git.filesAt(commit)).filter(({ path }) => pathOfPointer(path) !== undefined);
  const texts = await git.read(files);
  return new Map(
    files.flatMap(({ path }, index): [RepoPath, TrackedSnapshot][] => {
      const text = texts[index]!.toString('utf8');
      if (!isPointerText(text)) return [];
      const snapshot = parsePointer(text, `${path} (in ${commit.slice(0, 10)})`, () => AS_COMMITTED);
      return [[pathOfPointer(path)!, { snapshot, reader: store }]];
    }),
  );
}

/** What is in the workspace at the paths that have a pointer; those where nothing is are left out. */
export async function trackedNow(workspace: Workspace, options: CallOptions): Promise<TrackedState> {
  const state = new Map<RepoPath, TrackedSnapshot>();
  for (const path of workspace.files.trackedPaths()) {
    const tree = await workspace.files.wholeTree(path, options);
    if (tree !== undefined) state.set(path, tree);
  }
  return state;
}
