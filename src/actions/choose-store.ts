import { existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Call } from '../base/call.js';
import { OcrpipeError, userError } from '../base/errors.js';
import { absPath, type AbsPath } from '../base/paths.js';
import { shellQuote } from '../base/shell-quote.js';
import { editConfigFile } from '../config/config-file.js';
import { Workspace } from '../project/workspace.js';
import { FORMAT_KEY } from '../store/format.js';
import { LocalStore } from '../store/local-store.js';
import { bringObjects, dropFiles, lackedBy, type Lacking } from '../store/move-objects.js';

export interface StoreChoice {
  /** The store's folder, as it was typed, seen from the workspace root. */
  path: string;
  /** The members of the folder's group all write to it. */
  shared: boolean;
  /** What the present store has goes there too. */
  move: boolean;
}

export interface ChosenStore {
  folder: AbsPath;
  /** False if a store was there. */
  begun: boolean;
  /** What was moved there, if anything was asked for. */
  moved?: Lacking;
}

/**
 * Lets the workspace at `call.cwd` keep its objects in a folder that other workspaces may use too, begins a store there if none
 * is, and writes it down for this machine. Throws `store-lacks-objects` where the present store has what that one lacks,
 * unless it is to be moved: then it is brought first, the setting changed, and only then is it dropped here.
 */
export async function chooseStore(choice: StoreChoice, call: Call): Promise<ChosenStore> {
  const workspace = Workspace.open(call, 'ocrpipe init');
  try {
    const folder = absPath(resolve(workspace.root, choice.path));
    refuseUnmounted(workspace, folder);
    const begun = beginStore(folder, choice.shared);
    const moved = await workspace.exclusively('config', () => change(workspace, { ...choice, folder }, call));
    return { folder, begun, ...(moved && { moved }) };
  } finally {
    workspace.close();
  }
}

/**
 * Refuses, with `store-lacks-objects` (exit code 2), to let a workspace use the store at `path` (as it is set) from now on
 * where the present one has what that one lacks.
 */
export function refuseLackingStore(workspace: Workspace, path: string | undefined): void {
  const folder = path === undefined ? workspace.stateFolder : absPath(resolve(workspace.root, path));
  const present = presentStore(workspace);
  if (present === undefined || folder === present.root) return;
  const next = path === undefined ? LocalStore.create(folder) : openNext(folder);
  if (present.root === workspace.stateFolder) {
    const lacking = lackedBy(next, present);
    if (lacking.objects + lacking.runs > 0) throw lacksObjects(folder, path ?? '.', lacking);
  } else refuseUnheldPointers(workspace, next);
}

async function change(
  workspace: Workspace,
  choice: StoreChoice & { folder: AbsPath },
  call: Call,
): Promise<Lacking | undefined> {
  const { path, folder, move } = choice;
  const own = presentStore(workspace);
  if (!move || own?.root !== workspace.stateFolder || folder === own.root) {
    refuseLackingStore(workspace, path);
    setStore(workspace, path);
    return move ? { objects: 0, bytes: 0, runs: 0 } : undefined;
  }
  const key = `move ${path}`;
  const { signal, events } = call;
  try {
    const onFile = (done: number): void => {
      events({ type: 'progress', key, done, unit: 'files' });
    };
    const { files, ...moved } = await bringObjects(own, LocalStore.open(folder), { signal, onFile });
    setStore(workspace, path);
    dropFiles(files);
    return moved;
  } finally {
    events({ type: 'progress-end', key });
  }
}

/** Undefined where the store that is set is not there: nothing can be compared with it, and another must be possible. */
function presentStore(workspace: Workspace): LocalStore | undefined {
  try {
    return workspace.store;
  } catch (error) {
    if (error instanceof OcrpipeError && error.code === 'store-not-there') return undefined;
    throw error;
  }
}

function setStore(workspace: Workspace, path: string): void {
  editConfigFile(workspace.stateFolder, 'local', (document) => {
    document.setIn(['store', 'path'], path);
  });
}

/** Where this workspace had its store, none is begun: it must be somewhere. */
function refuseUnmounted(workspace: Workspace, folder: AbsPath): void {
  const { storePath } = workspace.settings;
  const isSet = storePath !== undefined && resolve(workspace.root, storePath) === folder;
  if (!isSet || hasStore(folder)) return;
  throw userError(
    'store-not-there',
    `there is no store in ${folder}, where this workspace has kept its objects`,
    {
      hint: "Mount the disk that holds it. If it is lost: 'ocrpipe config --local --unset store.path', then begin another.",
    },
  );
}

function hasStore(folder: AbsPath): boolean {
  return existsSync(resolve(folder, FORMAT_KEY));
}

/** A whole path that is missing is mostly a typing mistake, or a disk that is not mounted: only its last level is made. */
function beginStore(folder: AbsPath, group: boolean): boolean {
  if (statSync(dirname(folder), { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw userError('store-not-there', `${dirname(folder)} is not there, so ${folder} cannot be made in it`, {
      hint: `Correct the path, mount what holds it, or make the folder: 'mkdir -p ${shellQuote(dirname(folder))}'.`,
    });
  }
  const begun = !hasStore(folder);
  LocalStore.create(folder, { group: group && begun }).close();
  return begun;
}

function openNext(folder: AbsPath): LocalStore {
  try {
    return LocalStore.open(folder);
  } catch (cause) {
    throw userError('store-not-there', `there is no store in ${folder}`, {
      hint: `Begin one there: 'ocrpipe init --store ${shellQuote(folder)}'.`,
      cause,
    });
  }
}

/** What other workspaces keep in a store that is left need not come along. */
function refuseUnheldPointers(workspace: Workspace, next: LocalStore): void {
  const held = workspace.files.pointers().filter(({ snapshot }) => workspace.files.inStore(snapshot));
  const missing = held.find(
    ({ snapshot: { kind, id } }) => !next.has(kind === 'directory' ? 'tree' : 'blob', id),
  );
  if (missing === undefined) return;
  throw userError('store-lacks-objects', `the store in ${next.root} has not the bytes of ${missing.path}`, {
    hint: `Bring them there first: 'ocrpipe push', then 'OCRPIPE_STORE=${shellQuote(next.root)} ocrpipe pull'.`,
  });
}

function lacksObjects(folder: AbsPath, path: string, { objects, runs }: Lacking): OcrpipeError {
  const what = [
    ...(objects > 0 ? [`${objects} object${objects === 1 ? '' : 's'}`] : []),
    ...(runs > 0 ? [`${runs} run record${runs === 1 ? '' : 's'}`] : []),
  ].join(' and ');
  return userError('store-lacks-objects', `the store in ${folder} has not ${what} that this workspace has`, {
    hint: `Move them there: 'ocrpipe init --store ${shellQuote(path)} --move'.`,
  });
}
