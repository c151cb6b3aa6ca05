import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.js';
import type { Call } from '../base/call.js';
import { OcrpipeError, userError } from '../base/errors.js';
import { absPath, type AbsPath } from '../base/paths.js';
import { CONFIG_FILES, EMPTY_SHARED_CONFIG } from '../config/config-file.js';
import { findWorkTree } from '../git/find-work-tree.js';
import { findWorkspace, STATE_FOLDER } from '../project/find-workspace.js';
import { openGit } from '../git/simple-git.js';
import { LocalStore } from '../store/local-store.js';
import { SETTINGS_FILES, toCommit, type ToCommit } from './to-commit.js';

export interface InitInput {
  /** False: no git work tree is needed. */
  git: boolean;
}

export interface InitResult {
  root: AbsPath;
  /** False if it was a workspace before. */
  created: boolean;
  /** True if git holds the workspace. */
  git: boolean;
}

const GITIGNORE = `# Only the shared settings belong into git.\n/*\n!/.gitignore\n!/${CONFIG_FILES.shared}\n`;

/** Makes the caller's folder a workspace; again it only adds what is missing, and leaves what people wrote. */
export async function init(input: InitInput, call: Call): Promise<InitResult & ToCommit> {
  const made = makeWorkspace(input, call);
  const written = await toCommit({ git: openGit(made.root), root: made.root, cwd: call.cwd }, SETTINGS_FILES);
  return { ...made, ...written };
}

/** `init` without a look at git's side of it. */
export function makeWorkspace(input: InitInput, call: Call): InitResult {
  const root = absPath(realpathSync(call.cwd));
  const inGit = findWorkTree(root) !== undefined;
  if (input.git && !inGit) {
    throw userError('not-in-git', `${root} is not in a git work tree`, {
      hint: "Run 'git init' first, or 'ocrpipe init --no-git' to do without git.",
    });
  }
  refuseNested(root);
  const folder = join(root, STATE_FOLDER);
  const created = !existsSync(join(folder, CONFIG_FILES.shared));
  writeIfAbsent(join(folder, '.gitignore'), GITIGNORE);
  LocalStore.create(folder).close();
  writeIfAbsent(join(folder, CONFIG_FILES.shared), EMPTY_SHARED_CONFIG);
  return { root, created, git: inGit };
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
