import { realpathSync } from 'node:fs';
import { relative } from 'node:path';
import type { Call } from '../base/call.js';
import { OcrpipeError } from '../base/errors.js';
import { fromRepoPath, repoPath, type AbsPath, type RepoPath } from '../base/paths.js';
import { CONFIG_FILES } from '../config/config-file.js';
import type { Git } from '../git/git.js';
import { STATE_FOLDER } from '../project/find-workspace.js';
import type { Workspace } from '../project/workspace.js';
import { gitignoreOf } from '../tracking/ignore/gitignore.js';
import { pointerPathOf } from '../tracking/pointers/plain-pointer.js';

/** What git holds of the state folder. */
export const SETTINGS_FILES: readonly RepoPath[] = ['.gitignore', CONFIG_FILES.shared].map((name) =>
  repoPath(`${STATE_FOLDER}/${name}`),
);

/** What a command wrote that belongs into git. */
export interface ToCommit {
  /** As they are typed after `git add` in the caller's folder; only what git does not have like that yet. */
  toCommit: readonly string[];
}

/** Where the files are, and where their names are typed. */
interface Place {
  git: Git | undefined;
  root: AbsPath;
  cwd: AbsPath;
}

/** The files among `files` that are still to be committed. What git cannot say is left out: the command itself is done. */
export async function toCommit({ git, root, cwd }: Place, files: readonly RepoPath[]): Promise<ToCommit> {
  if (git === undefined || files.length === 0) return { toCommit: [] };
  try {
    const addable = await git.addable([...new Set(files)]);
    const from = realpathSync(cwd);
    return { toCommit: addable.map((path) => relative(from, fromRepoPath(root, path))) };
  } catch (error) {
    if (error instanceof OcrpipeError) return { toCommit: [] };
    throw error;
  }
}

/** The same of a workspace's shared settings, of which a command has changed something. */
export function settingsToCommit(workspace: Workspace, call: Call): Promise<ToCommit> {
  const { git, root } = workspace;
  return toCommit({ git, root, cwd: call.cwd }, SETTINGS_FILES);
}

/** The files that stand in git for a tracked path. */
export function pointerFiles(path: RepoPath): RepoPath[] {
  return [pointerPathOf(path), gitignoreOf(path)];
}
