import { existsSync, lstatSync, realpathSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { OcrpipeError, systemErrorCode, userError } from '../base/errors.js';
import { absPath, type AbsPath } from '../base/paths.js';
import { readRegularFile } from '../base/regular-file.js';
import { CONFIG_FILES } from '../config/config-file.js';
import { readSettings } from '../config/read-settings.js';
import type { Settings } from '../config/settings.js';
import { findWorkTree } from '../git/find-work-tree.js';
import { mainWorkTree } from '../git/main-work-tree.js';
import { FORMAT_KEY } from '../store/format.js';
import { LocalStore } from '../store/local-store.js';
import { registerWorkspace } from '../store/registered-workspaces.js';
import { machineName } from '../tracking/machine-name.js';
import { STATE_FOLDER } from './find-workspace.js';
import { refuseSharedState } from './linked-state.js';

/** Names the store's folder for one command or shell; wins over the configuration. */
const STORE_VARIABLE = 'OCRPIPE_STORE';

/** What opening a store needs to know of the workspace. */
export interface StorePlace {
  /** The workspace root. */
  root: AbsPath;
  /** `.ocrstore/` in it. */
  stateFolder: AbsPath;
  /** Where the objects are: `stateFolder`, or a folder that workspaces share. */
  folder: AbsPath;
}

/** Where a workspace keeps its objects. A relative path starts at the workspace root. */
export function storePlace(root: AbsPath, settings: Pick<Settings, 'storePath'>): StorePlace {
  const stateFolder = absPath(resolve(root, STATE_FOLDER));
  const chosen = process.env[STORE_VARIABLE] ?? settings.storePath;
  if (chosen !== undefined && chosen !== '') {
    return { root, stateFolder, folder: absPath(resolve(root, chosen)) };
  }
  return { root, stateFolder, folder: storeOfMainWorkTree(root) ?? stateFolder };
}

/** The store that a linked work tree shares with the first one of its repository, unless it has one of its own. */
export function storeOfMainWorkTree(root: AbsPath): AbsPath | undefined {
  const workTree = existsSync(join(root, STATE_FOLDER, FORMAT_KEY)) ? undefined : findWorkTree(root);
  const main = workTree && mainWorkTree(workTree);
  if (workTree === undefined || main === undefined) return undefined;
  const there = absPath(join(main, relative(workTree, root)));
  if (!existsSync(join(there, STATE_FOLDER))) return undefined;
  const { folder } = storePlace(there, readSettings(absPath(join(there, STATE_FOLDER))));
  return existsSync(join(folder, FORMAT_KEY)) ? folder : undefined;
}

/**
 * Opens the store of a workspace. One of its own is made where there is none: a fresh clone has the committed part of
 * `.ocrstore` only. One elsewhere must be there (`store-not-there`): a path where nothing is mounted is no place to begin one.
 * A `.ocrstore` that another workspace has as well is refused (`state-folder-shared`).
 */
export function openWorkspaceStore(place: StorePlace): LocalStore {
  const { root, stateFolder } = place;
  refuseSharedState(root);
  if (lstatSync(stateFolder).isSymbolicLink()) register(root, absPath(realpathSync(stateFolder)));
  return place.folder === stateFolder ? openOwn(place) : openElsewhere(place);
}

function openOwn({ folder }: StorePlace): LocalStore {
  const store = openIfThere(folder);
  if (store) return store;
  try {
    return LocalStore.create(folder);
  } catch (error) {
    // Where nothing may be written, what only reads goes on; what has to write meets the refusal there.
    if (!READ_ONLY.has(systemErrorCode(error) ?? '')) throw error;
    return LocalStore.absent(folder);
  }
}

function openElsewhere({ root, folder }: StorePlace): LocalStore {
  const store = openIfThere(folder);
  if (!store) throw storeNotThere(folder);
  register(root, folder);
  return store;
}

/** Who may not write there can store nothing either, and nothing of it is dropped while it only reads. */
function register(root: AbsPath, folder: AbsPath): void {
  try {
    registerAll(root, folder);
  } catch (error) {
    if (!READ_ONLY.has(systemErrorCode(error) ?? '')) throw error;
  }
}

/** The workspace that a store lies in uses it as well, and does not know that others do. */
function registerAll(root: AbsPath, folder: AbsPath): void {
  const machine = machineName();
  registerWorkspace(folder, { root, machine });
  if (basename(folder) === STATE_FOLDER && isFile(resolve(folder, CONFIG_FILES.shared))) {
    registerWorkspace(folder, { root: absPath(dirname(folder)), machine });
  }
}

function openIfThere(folder: AbsPath): LocalStore | undefined {
  try {
    return LocalStore.open(folder);
  } catch (error) {
    if (error instanceof OcrpipeError && error.code === 'no-store') return undefined;
    throw error;
  }
}

function storeNotThere(folder: AbsPath): OcrpipeError {
  const named =
    process.env[STORE_VARIABLE] === undefined ? `.ocrstore/${CONFIG_FILES.local}` : STORE_VARIABLE;
  return userError('store-not-there', `there is no store in ${folder}, which ${named} names`, {
    hint: "Mount the disk that holds it, or name another: 'ocrpipe init --store FOLDER' uses the store in a folder, or begins one.",
  });
}

function isFile(path: string): boolean {
  try {
    readRegularFile(path);
    return true;
  } catch {
    return false;
  }
}

const READ_ONLY = new Set(['EACCES', 'EPERM', 'EROFS']);
