import { relative } from 'node:path';
import type { Call } from '../../base/call.js';
import { userError } from '../../base/errors.js';
import { repoPath } from '../../base/paths.js';
import { gitSetup, type GitSetup } from '../../git/git-setup.js';
import { Workspace } from '../../project/workspace.js';
import { toCommit } from '../to-commit.js';
import { addAttributes, attributesOf, removeAttributes } from './attributes.js';
import { installHooks, removeHooks, type HookKind, type HookState } from './hooks.js';
import { installDrivers, removeDrivers } from './merge-drivers.js';

export interface InstallInput {
  hooks: readonly HookKind[];
  /** The attributes go into this clone's own file instead of the committed one. */
  local: boolean;
}

export interface InstallResult {
  /** True if the drivers, or the attributes, were not as they are now. */
  changed: boolean;
  /** The file with the attributes, below the work tree. */
  attributes: string;
  hooks: readonly HookState[];
  toCommit: readonly string[];
}

/** Sets this clone up: merge drivers, attributes and the hooks that were asked for. Again it changes nothing. */
export async function install({ hooks, local }: InstallInput, call: Call): Promise<InstallResult> {
  const { setup, workTree, root, git } = await opened(call);
  const file = local ? await setup.attributes() : attributesOf(root);
  const drivers = await installDrivers(setup);
  const attributes = addAttributes(file);
  const states = installHooks({ ...(await setup.hooks()), workTree, root }, hooks);
  const committed = local ? [] : [repoPath('.gitattributes')];
  return {
    changed: drivers || attributes,
    attributes: relative(workTree, file),
    hooks: states,
    ...(await toCommit({ git, root, cwd: call.cwd }, committed)),
  };
}

/**
 * Takes away what `install` did to this clone. The committed attributes stay once git holds them: they are the team's, and
 * a clone without the drivers merges as text.
 */
export async function uninstall(call: Call): Promise<InstallResult & { attributesStay: boolean }> {
  const { setup, workTree, root, git } = await opened(call);
  const drivers = await removeDrivers(setup);
  const local = removeAttributes(await setup.attributes());
  const file = attributesOf(root);
  const held = await git.readHeld(repoPath('.gitattributes'));
  const stay = held !== undefined && /^\*\.ocr merge=ocrpipe-pointer$/m.test(held.toString('utf8'));
  const shared = !stay && removeAttributes(file);
  const hooks = removeHooks(await setup.hooks());
  const changed = drivers || local || shared;
  return { changed, attributes: relative(workTree, file), hooks, toCommit: [], attributesStay: stay };
}

async function opened(call: Call) {
  const workspace = Workspace.open(call, 'ocrpipe install');
  const { root, git } = workspace;
  workspace.close();
  if (git === undefined) {
    throw userError('not-in-git', `${root} is not in a git work tree: there is nothing to install`, {
      hint: "Merge drivers and hooks are git's. All else works without.",
    });
  }
  const { workTree } = git;
  const setup: GitSetup = gitSetup({ root, workTree });
  return Promise.resolve({ setup, workTree, root, git });
}
