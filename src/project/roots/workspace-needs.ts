import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { userError } from '../../base/errors.js';
import { absPath, fromRepoPath, type AbsPath } from '../../base/paths.js';
import { readTextIfThere } from '../../base/read-text.js';
import type { Git } from '../../git/git.js';
import { openGit } from '../../git/simple-git.js';
import { LOCK_FILE } from '../../pipeline/definition/file-names.js';
import type { NeededRoot } from '../../store/gc/mark-needed.js';
import { findPointers } from '../../tracking/pointers/find-pointers.js';
import { LastPut } from '../../tracking/pointers/last-put.js';
import { readPointer, pointerPathOf } from '../../tracking/pointers/pointer.js';
import { STATE_FOLDER } from '../find-workspace.js';
import { committedNeeds, type Scope } from './committed-needs.js';
import { joinNeeds, type Needs } from './needs.js';
import { needsOfText, rootOf } from './texts.js';

/**
 * What one workspace needs: the pointers and the lock that stand there, what ocrpipe put there, and what git holds of it in
 * its index, stash, current commit and the refs of the scope; the same without refs for the other work trees of the repository.
 * Throws for a pointer, lock or folder that cannot be read.
 */
export async function workspaceNeeds(root: AbsPath, scope: Scope): Promise<Needs> {
  const git = openGit(root);
  const own = [diskNeeds(root, git), ...(git ? [await committedNeeds(git, scope)] : [])];
  const others = git ? await workTreeNeeds(root, git) : [];
  return joinNeeds([...own, ...others]);
}

/** What other work trees of the repository need of a store that they may not even use: as far as it is there. */
async function workTreeNeeds(root: AbsPath, git: Git): Promise<Needs[]> {
  const below = relative(git.workTree, root);
  const needs: Needs[] = [];
  for (const tree of await git.workTrees()) {
    const place = absPath(join(tree, below));
    const other = place === root || !existsSync(place) ? undefined : openGit(place);
    if (other === undefined) continue;
    const { roots, runs } = joinNeeds([diskNeeds(place, other), await committedNeeds(other, {})]);
    needs.push({ roots: roots.map((each) => ({ ...each, optional: true })), runs });
  }
  return needs;
}

function diskNeeds(root: AbsPath, git: Git | undefined): Needs {
  const pointers = findPointers(root, {
    gitignore: git !== undefined,
    onUnreadable: (folder, cause) => {
      throw userError('folder-unreadable', `the folder ${folder} cannot be read, and may hold pointers`, {
        hint: 'Correct its rights. Nothing is collected before all pointers are known.',
        cause,
      });
    },
  }).flatMap((path) => {
    const snapshot = readPointer(root, path);
    return snapshot ? [rootOf(snapshot, pointerPathOf(path))] : [];
  });
  const lock = needsOfText(readTextIfThere(root, LOCK_FILE) ?? '', LOCK_FILE, '');
  return { roots: [...pointers, ...lock.roots, ...putThere(root)], runs: lock.runs };
}

/** What stands in the workspace because ocrpipe put it there, or began to, though the pointer may name something else by now. */
function putThere(root: AbsPath): NeededRoot[] {
  const index = join(root, STATE_FOLDER, 'index');
  return foldersIn(index).flatMap((machine) =>
    [...new LastPut(join(index, machine, 'put')).all()].flatMap(({ path, put, begun }) => {
      const stands = lstatSync(fromRepoPath(root, path), { throwIfNoEntry: false }) !== undefined;
      return [...(stands && put ? [put] : []), ...(begun ? [begun] : [])].map((snapshot) => ({
        ...rootOf(snapshot, path),
        optional: true,
      }));
    }),
  );
}

function foldersIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
