import { statSync } from 'node:fs';
import type { Call } from '../base/call.js';
import { userError } from '../base/errors.js';
import { fromRepoPath, isWithin, type RepoPath } from '../base/paths.js';
import { shellQuote } from '../base/shell-quote.js';
import { writePoint } from '../base/write-points.js';
import { Workspace } from '../project/workspace.js';
import { removeFile } from '../store/temporary.js';
import { gitignoreOf } from '../tracking/ignore/gitignore.js';
import { namedTracked, searchedIn, type Doing } from './named-tracked.js';
import { stageReaders, type StageReader } from './stage-readers.js';
import { pointerFiles, toCommit, type ToCommit } from './to-commit.js';

export interface RmInput {
  /** As they were typed. */
  paths: readonly string[];
  /** A folder stands for all tracked paths below it. */
  recursive: boolean;
  /** Delete the files too. */
  deleteFiles: boolean;
  /** Files may be deleted whose bytes are not in the store. */
  force: boolean;
}

export interface RemovedPath {
  path: RepoPath;
  /** `kept`: the files stay. `deleted`: nothing is left. `partly-deleted`: what `.ocrignore` leaves out stays. */
  files: 'kept' | 'deleted' | 'partly-deleted';
}

export interface RmResult extends ToCommit {
  removed: readonly RemovedPath[];
  /** Stages that read what is not tracked any more. */
  readers: readonly StageReader[];
  /** True if git holds the workspace, and so held the pointers. */
  git: boolean;
}

const DOING: Doing = {
  command: 'ocrpipe rm',
  part: (path) => `Delete it with 'rm ${path}'`,
  git: 'git rm',
};

/**
 * Stops tracking paths: ignore entry and pointer go, the files stay unless they are to be deleted. All paths are checked before
 * the first one changes. The pointer is the last to go, so that a call that was killed is finished by the same one.
 */
export async function rm(input: RmInput, call: Call): Promise<RmResult> {
  const workspace = Workspace.open(call, 'ocrpipe rm');
  try {
    const paths = await chosenPaths(workspace, input);
    const readers = paths.flatMap(stageReaders(workspace));
    const removed = await removeAll(workspace, paths, { input, call });
    await removeEmptyIgnoreFiles(workspace, paths);
    const { git, root } = workspace;
    const written = await toCommit({ git, root, cwd: call.cwd }, paths.flatMap(pointerFiles));
    return { removed, readers, git: git !== undefined, ...written };
  } finally {
    workspace.close();
  }
}

async function chosenPaths(workspace: Workspace, { paths, recursive }: RmInput): Promise<RepoPath[]> {
  const chosen = new Set<RepoPath>();
  const searched = searchedIn(workspace);
  for (const typed of paths) {
    const path = workspace.path(typed);
    const found = await namedTracked(searched, path, DOING);
    if (!recursive && found.every((each) => each !== path && isWithin(each, path)))
      throw needsRecursive(path, found);
    for (const each of found) chosen.add(each);
  }
  return [...chosen];
}

function needsRecursive(path: RepoPath, found: readonly RepoPath[]) {
  const what = found.length === 1 ? `the tracked path ${found[0]!}` : `${found.length} tracked paths`;
  return userError('folder-not-recursive', `${path} is a folder that holds ${what}`, {
    hint: `To stop tracking all of it: 'ocrpipe rm --recursive ${shellQuote(path)}'.`,
  });
}

/** Where one cannot be deleted, those before it are done. */
async function removeAll(
  { files }: Workspace,
  paths: readonly RepoPath[],
  { input: { deleteFiles, force }, call }: { input: RmInput; call: Call },
): Promise<RemovedPath[]> {
  const removed: RemovedPath[] = [];
  try {
    // What is remembered of the files is written down once.
    await files.lookAtMany(async () => {
      for (const path of paths) {
        const cleared = deleteFiles && (await files.remove(path, { ...call, force }));
        removed.push({ path, files: cleared ? 'deleted' : deleteFiles ? 'partly-deleted' : 'kept' });
      }
    });
  } finally {
    await files.removePointers(
      removed.map(({ path }) => path),
      call,
    );
  }
  return removed;
}

/** `add` made them; where git has them they stay, empty: that is for people to commit. */
async function removeEmptyIgnoreFiles(workspace: Workspace, paths: readonly RepoPath[]): Promise<void> {
  const { git, root } = workspace;
  if (git === undefined) return;
  const empty = [...new Set(paths.map(gitignoreOf))].filter(
    (file) => statSync(fromRepoPath(root, file), { throwIfNoEntry: false })?.size === 0,
  );
  const held = new Set(empty.length === 0 ? [] : await git.tracked(empty));
  for (const file of empty.filter((each) => !held.has(each))) {
    writePoint();
    removeFile(fromRepoPath(root, file));
  }
}
