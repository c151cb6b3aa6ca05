import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { userError } from '../../base/errors.js';
import { absPath, fromRepoPath, type AbsPath } from '../../base/paths.js';
import { readTextIfThere } from '../../base/read-text.js';
import type { Git } from '../../git/git.js';
import { openGit } from '../../git/simple-git.js';
import { LOCK_FILE } from '../../pipeline/definition/stage/file-names.js';
import type { NeededRoot } from '../../store/needed-root.js';
import { findPointers } from '../../tracking/pointers/find-pointers.js';
import { LastPut } from '../../tracking/pointers/last-put.js';
import { readPointer } from '../../tracking/pointers/pointer-file.js';
import { pointerPathOf } from '../../tracking/pointers/plain-pointer.js';
import { STATE_FOLDER } from '../find-workspace.js';
import { committedNeeds, type Scope } from './committed-needs.js';
import { needsOfText } from './naming-files.js';
import { joinNeeds, rootOf, type Needs } from './needs.js';
import type { SkippedVersions } from './skipped-versions.js';

/**
 * What one workspace needs: the pointers and the lock that stand there, what ocrpipe put there, and what git holds of it in
 * its index, stash, current commit and the refs of the scope; the same without refs for the other work trees of the repository.
 * For a collection: throws for a pointer, lock or folder that cannot be read, but for versions in git that are to be skipped.
 */
export async function workspaceNeeds(
  root: AbsPath,
  scope: Scope,
  skipped: SkippedVersions,
): Promise<Required<Needs>> {
  const git = openGit(root);
  const own = [diskNeeds(root, git), ...(git ? [await committedNeeds(git, scope, skipped)] : [])];
  const others = git ? await workTreeNeeds({ root, git, skipped }) : [];
  return joinNeeds([...own, ...others]);
}

/** What other work trees of the repository need of a store that they may not even use: as far as it is there. */
async function workTreeNeeds({ root, git, skipped }: { root: AbsPath; git: Git; skipped: SkippedVersions }) {
  const below = relative(git.workTree, root);
  const needs: Needs[] = [];
  for (const tree of await git.workTrees()) {
    const place = absPath(join(tree, below));
    const other = place === root || !existsSync(place) ? undefined : openGit(place);
    if (other === undefined) continue;
    const { roots, ...more } = joinNeeds([diskNeeds(place, other), await committedNeeds(other, {}, skipped)]);
    needs.push({ roots: roots.map((each) => ({ ...each, optional: true })), ...more });
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
  const lock = needsOfText({
    text: readTextIfThere(root, LOCK_FILE) ?? '',
    path: LOCK_FILE,
    where: 'workspace',
  });
  return { roots: [...pointers, ...lock.roots, ...putThere(root)], runs: lock.runs };
}

/** What stands in the workspace because ocrpipe put it there, or began to, though the pointer may name something else by now. */
function putThere(root: AbsPath): NeededRoot[] {
  const index = join(root, STATE_FOLDER, 'index');
  return foldersIn(index).flatMap((machine) =>
    [...LastPut.of(join(index, machine)).all()].flatMap(({ path, put, begun }) => {
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
