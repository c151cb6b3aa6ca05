import { existsSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { systemErrorCode, userError } from '../../base/errors.js';
import type { AbsPath } from '../../base/paths.js';
import { shellQuote } from '../../base/shell-quote.js';
import { registeredWorkspaces, type RegisteredWorkspace } from '../../store/registered-workspaces.js';
import { machineName } from '../../tracking/machine-name.js';
import { STATE_FOLDER } from '../find-workspace.js';

/** The other workspaces that use a store. */
export interface OtherWorkspaces {
  /** Those that can be asked what they need. */
  readonly roots: readonly AbsPath[];
  /** Those that are to be forgotten. */
  readonly forgotten: readonly RegisteredWorkspace[];
}

/**
 * The workspaces beside `own` that use the store at `store`. Throws `workspace-not-here` (exit code 2) for one whose folder is
 * not there, unless it is one of `forget`: it may need anything; and `workspace-closed` for one that may not be looked into.
 */
export function otherWorkspaces(store: string, own: AbsPath, forget: readonly AbsPath[]): OtherWorkspaces {
  const { workspaces, unreadable } = registeredWorkspaces(store);
  const [broken] = unreadable;
  if (broken !== undefined) throw unknownUser(broken);
  const registered = ({ root }: { root: AbsPath }): boolean => forget.includes(root);
  const unknown = forget.find((root) => !workspaces.some((workspace) => workspace.root === root));
  if (unknown !== undefined) throw notRegistered(unknown, workspaces);
  const kept = workspaces.filter((workspace) => !registered(workspace));
  // Nor is one forgotten that may be there: its owner would lose what only it needs.
  const closed = workspaces.find(({ root }) => isClosed(root));
  if (closed) throw notOpen(closed);
  const away = kept.filter((workspace) => !isHere(workspace));
  if (away.length > 0) throw notHere(away);
  return {
    roots: [...new Set(kept.map(({ root }) => root))].filter((root) => root !== own),
    forgotten: workspaces.filter(registered),
  };
}

/** A path may be another folder on another machine: that it worked in this one shows by what it remembers there. */
function isHere({ root, machine }: RegisteredWorkspace): boolean {
  const state = join(root, STATE_FOLDER);
  return existsSync(state) && (machine === machineName() || existsSync(join(state, 'index', machine)));
}

/** True if this user may not see whether a workspace is there. */
function isClosed(root: AbsPath): boolean {
  try {
    lstatSync(join(root, STATE_FOLDER), { throwIfNoEntry: false });
    return false;
  } catch (error) {
    return ['EACCES', 'EPERM'].includes(systemErrorCode(error) ?? '');
  }
}

function notOpen({ root }: RegisteredWorkspace) {
  return userError('workspace-closed', `a workspace uses this store that you may not look into: ${root}`, {
    hint: `What it needs cannot be known. Let its owner run 'ocrpipe gc', or open the folder for reading to the group.`,
  });
}

function notHere(away: readonly RegisteredWorkspace[]) {
  const names = away.map(({ root, machine, used }) => {
    return `${root} of ${machine}, last used ${used.toISOString().slice(0, 10)}`;
  });
  const many = away.length > 1;
  return userError(
    'workspace-not-here',
    `${many ? 'workspaces use' : 'a workspace uses'} this store whose ${many ? 'folders are' : 'folder is'} not here: ${names.join('; ')}`,
    {
      hint: `What they need cannot be known. Mount them, run 'ocrpipe gc' where they are, or, if they are gone for good: ${away.map(({ root }) => `--forget-workspace ${shellQuote(root)}`).join(' ')}.`,
    },
  );
}

function notRegistered(root: AbsPath, workspaces: readonly RegisteredWorkspace[]) {
  const names = [...new Set(workspaces.map((workspace) => workspace.root))];
  return userError('workspace-unknown', `no workspace ${root} uses this store`, {
    hint: names.length === 0 ? 'No other workspace does.' : `These do: ${names.join(', ')}.`,
  });
}

function unknownUser(file: string) {
  return userError('workspace-unknown', `${file} does not say which workspace uses this store`, {
    hint: 'Somebody may need anything in it. Remove that file if you know that nobody does; the next command of a workspace writes its own again.',
  });
}
