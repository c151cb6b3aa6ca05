import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  renameSync,
  rmdirSync,
  statSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { systemErrorCode, userError } from '../base/errors.js';
import { FOLDERS, FORMAT_KEY } from './format.js';

/** Set-group-id and group write: who makes a folder in such a one makes it for the group. */
const GROUP_BITS = 0o2020;
/** What a folder of a store needs for a group whose members all write to it. */
const GROUP_FOLDER_BITS = 0o2070;

/** True if the members of a group write to the store at `root`: its own folder's mode says so, whoever looks. */
export function isSharedByGroup(root: string): boolean {
  return (statSync(root).mode & GROUP_BITS) === GROUP_BITS;
}

/** Opens a folder to its group, which the caller must own unless it is so already: what is made in it belongs to the group, whose members may write. */
export function shareWithGroup(folder: string): void {
  const mode = statSync(folder).mode & 0o7777;
  // Who is no owner may not even ask for what is so already.
  if ((mode & GROUP_FOLDER_BITS) !== GROUP_FOLDER_BITS) chmodSync(folder, mode | GROUP_FOLDER_BITS);
}

/**
 * Makes a folder of the store at `root` unless it is there; true if it was made. In a store that a group shares it is the
 * group's, whatever the umask. Throws `store-gone` where the store itself is not there any more: on an unmounted disk nothing
 * is made.
 */
export function makeStoreFolder(root: string, folder: string): boolean {
  if (existsSync(folder)) return false;
  if (!existsSync(join(root, FORMAT_KEY))) refuseNoStore(root);
  const parent = dirname(folder);
  if (parent !== root) makeStoreFolder(root, parent);
  return isSharedByGroup(root) ? makeForGroup(root, folder) : makeOwn(folder);
}

/** Where nothing may be written, no store was begun: the system's own refusal says so. */
function refuseNoStore(root: string): never {
  if (existsSync(root)) accessSync(root, constants.W_OK);
  throw userError('store-gone', `there is no store in ${root} any more`, {
    hint: 'It may be on a disk that is not mounted. Bring it back, then run the command again.',
  });
}

function makeOwn(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** It gets its name with its mode: in between, another member of the group could not write into it. */
function makeForGroup(root: string, folder: string): boolean {
  const aside = join(root, FOLDERS.tmp, `${basename(folder)}-${randomBytes(8).toString('hex')}`);
  mkdirSync(aside);
  shareWithGroup(aside);
  try {
    renameSync(aside, folder);
    return true;
  } catch (error) {
    rmdirSync(aside);
    if (existsSync(folder)) return false;
    throw error;
  }
}
