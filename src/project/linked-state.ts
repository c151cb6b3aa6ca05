import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { userError, type OcrpipeError } from '../base/errors.js';
import { lstatIfThere } from '../base/lstat-if-there.js';
import { absPath, type AbsPath } from '../base/paths.js';
import { shellQuote } from '../base/shell-quote.js';
import { registeredWorkspaces } from '../store/registered-workspaces.js';
import { findPointers } from '../tracking/pointers/find-pointers.js';
import { STATE_FOLDER } from './find-workspace.js';

/**
 * Throws `state-folder-shared` (exit code 2) where `.ocrstore` of the workspace at `root` is that of another one as well, through a link
 * of either. It may be a link to another disk, for one workspace: locks, marks of running stages, by which outputs are deleted, and what
 * is remembered of files would be taken for those of the other. What is not there is not shared.
 */
export function refuseSharedState(root: AbsPath): void {
  const real = realStateFolder(root);
  if (real === undefined) return;
  const isLink = lstatIfThere(join(root, STATE_FOLDER))?.isSymbolicLink() === true;
  const known = registeredWorkspaces(real).workspaces.map((each) => each.root);
  const around = basename(real) === STATE_FOLDER ? absPath(dirname(real)) : undefined;
  // A folder may only hold the state of a workspace elsewhere. It is looked through before that one is known to use it, not each time.
  if (isLink && around !== undefined && isWorkspace(around, { look: !known.includes(root) })) {
    throw shared(root, around, real);
  }
  const other = known.find((each) => each !== root && each !== around && realStateFolder(each) === real);
  if (other !== undefined) throw isLink ? shared(root, other, real) : shared(other, root, real);
}

function isWorkspace(root: AbsPath, { look }: { look: boolean }): boolean {
  if (existsSync(join(root, '.git'))) return true;
  if (!look) return false;
  return existsSync(join(root, 'pipeline.yaml')) || findPointers(root, { gitignore: false }).length > 0;
}

function realStateFolder(root: AbsPath): string | undefined {
  try {
    return realpathSync(join(root, STATE_FOLDER));
  } catch {
    return undefined;
  }
}

function shared(linked: AbsPath, other: AbsPath, real: string): OcrpipeError {
  const link = join(linked, STATE_FOLDER);
  const isInGit = existsSync(join(linked, '.git'));
  const settings = isInGit ? `, take ${STATE_FOLDER} from git again ('git checkout -- ${STATE_FOLDER}')` : '';
  const begin = `'ocrpipe init ${isInGit ? '' : '--no-git '}--store ${shellQuote(real)}'`;
  const remotes = isInGit ? '' : `; its remotes are named in ${join(real, 'config.yaml')}`;
  return userError('state-folder-shared', `${link} is a link to that of another workspace, ${other}`, {
    hint: `Only the store can be shared: remove the link${settings}, and run ${begin} in ${linked}${remotes}.`,
  });
}
