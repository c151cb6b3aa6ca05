import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.js';
import type { Call } from '../base/call.js';
import { OcrpipeError, userError } from '../base/errors.js';
import { absPath, type AbsPath, type RepoPath } from '../base/paths.js';
import { CONFIG_FILES, EMPTY_SHARED_CONFIG } from '../config/config-file.js';
import { readSettings } from '../config/read-settings.js';
import { findWorkTree } from '../git/find-work-tree.js';
import type { Git } from '../git/git.js';
import { findWorkspace, hasStateFolder, STATE_FOLDER } from '../project/find-workspace.js';
import { refuseSharedState } from '../project/linked-state.js';
import { storeOfMainWorkTree } from '../project/workspace-store.js';
import { openGit } from '../git/simple-git.js';
import { LocalStore } from '../store/local-store.js';
import { chooseStore, type ChosenStore, type StoreChoice } from './choose-store.js';
import { SETTINGS_FILES, toCommit, type ToCommit } from './to-commit.js';

export interface InitInput {
  /** False: no git work tree is needed. */
  git: boolean;
  /** Where objects are to be kept; unless given, as it is set, or in the workspace. */
  store?: StoreChoice | undefined;
}

export interface InitResult {
  root: AbsPath;
  /** False if it was a workspace before, or git had its settings. */
  created: boolean;
  /** True if git holds the workspace. */
  git: boolean;
}

const GITIGNORE = `# Only the shared settings belong into git.\n/*\n!/.gitignore\n!/${CONFIG_FILES.shared}\n`;

/** What was missing, and taken from git instead of being made anew. */
export interface Restored {
  /** Paths below the root. */
  restored: readonly RepoPath[];
}

/** All that `init` did. */
export interface Started extends InitResult, Restored, ToCommit {
  /** Where objects are kept, if that was asked for. */
  store?: ChosenStore;
}

/**
 * Makes the caller's folder a workspace; again it only adds what is missing, and leaves what people wrote. Settings that git
 * holds are taken from there: new ones would lose the remotes of everybody who takes over the next commit.
 */
export async function init(input: InitInput, call: Call): Promise<Started> {
  const { root } = placeOf(input, call);
  refuseSharedState(root);
  const git = openGit(root);
  const restored = git === undefined ? [] : await restoreSettings(git, root, input);
  const made = makeWorkspace(input, call);
  readSettings(join(root, STATE_FOLDER) as AbsPath);
  const store = input.store && (await chooseStore(input.store, { ...call, cwd: root }));
  return {
    ...made,
    restored,
    ...(store && { store }),
    ...(await toCommit({ git, root, cwd: call.cwd }, SETTINGS_FILES)),
  };
}

async function restoreSettings(git: Git, root: AbsPath, input: InitInput): Promise<RepoPath[]> {
  const restored: RepoPath[] = [];
  for (const path of SETTINGS_FILES.filter((each) => !existsSync(join(root, each)))) {
    const held = await heldByGit(git, path, input);
    if (held === undefined) continue;
    writeFileAtomic(join(root, path), held);
    restored.push(path);
  }
  return restored;
}

/** With `--no-git`, a git that does not work is no hindrance. */
async function heldByGit(git: Git, path: RepoPath, input: InitInput): Promise<Buffer | undefined> {
  try {
    return await git.readHeld(path);
  } catch (error) {
    if (input.git || !(error instanceof OcrpipeError)) throw error;
    return undefined;
  }
}

/** `init` without what git holds. */
export function makeWorkspace(input: InitInput, call: Call): InitResult {
  const { root, git } = placeOf(input, call);
  const folder = join(root, STATE_FOLDER);
  const created = !existsSync(join(folder, CONFIG_FILES.shared));
  writeIfAbsent(join(folder, '.gitignore'), GITIGNORE);
  if (storeOfMainWorkTree(root) === undefined) LocalStore.create(folder).close();
  writeIfAbsent(join(folder, CONFIG_FILES.shared), EMPTY_SHARED_CONFIG);
  return { root, created, git };
}

/** The root of the workspace to be, refused where none may be. */
function placeOf(input: InitInput, call: Call): { root: AbsPath; git: boolean } {
  const root = absPath(realpathSync(call.cwd));
  const git = findWorkTree(root) !== undefined;
  if (input.git && !git) {
    throw userError('not-in-git', `${root} is not in a git work tree`, {
      hint: "Run 'git init' first, or 'ocrpipe init --no-git' to do without git.",
    });
  }
  // A submodule or a work tree below another workspace is one already, by what git holds.
  if (!hasStateFolder(root)) refuseNested(root);
  return { root, git };
}

function writeIfAbsent(file: string, text: string): void {
  if (!existsSync(file)) writeFileAtomic(file, text);
}

function refuseNested(root: AbsPath): void {
  const above = workspaceAbove(root);
  if (above === undefined) return;
  throw userError('workspace-in-workspace', `${root} is inside the workspace ${above}`, {
    hint: 'Work in that one, or choose a folder outside of it.',
  });
}

function workspaceAbove(root: AbsPath): AbsPath | undefined {
  if (dirname(root) === root) return undefined;
  try {
    return findWorkspace(absPath(dirname(root)));
  } catch (error) {
    if (error instanceof OcrpipeError && error.code === 'not-a-workspace') return undefined;
    throw error;
  }
}
