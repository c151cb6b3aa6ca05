import { hash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../base/atomic-file.js';
import { systemErrorCode } from '../base/errors.js';
import type { AbsPath } from '../base/paths.js';
import { readRegularFile } from '../base/regular-file.js';
import { writePoint } from '../base/write-points.js';
import { makeStoreFolder } from './shared-folder.js';
import { namesIn, unlinkIfThere } from './temporary.js';

/** Folder of a store with a file for each workspace that uses it. */
const WORKSPACES = 'workspaces';
/** A use is written down once in so long. Milliseconds. */
const USE_STEP_MS = 60 * 60 * 1000;
/** A store is used by people who may not read each other's files: this one all of them may. */
const FILE_MODE = 0o644;

/**
 * The file `workspaces/<name>.json`. `root` is the workspace's folder as the host `machine` sees it; `used` is when a command
 * of it last opened the store, to the hour.
 */
const schema = z.object({
  version: z.literal(1),
  machine: z.string(),
  root: z.string(),
  used: z.iso.datetime(),
});

/** A workspace that keeps its objects in a store. */
export interface RegisteredWorkspace {
  /** The workspace root, as `machine` sees it. */
  readonly root: AbsPath;
  /** Host name of the machine that registered it. */
  readonly machine: string;
  /** When it last opened the store, within the hour. */
  readonly used: Date;
  /** The file that says so. */
  readonly file: string;
}

/** Who uses a store. `unreadable` are files that do not say whom they stand for: somebody may need anything then. */
export interface StoreUsers {
  readonly workspaces: readonly RegisteredWorkspace[];
  readonly unreadable: readonly string[];
}

/**
 * Writes down that a workspace uses the store at `store`, so that nobody drops what only it needs: to be called before the
 * workspace relies on anything in it. Again within the hour it costs one read.
 */
export function registerWorkspace(
  store: string,
  workspace: Pick<RegisteredWorkspace, 'root' | 'machine'>,
  now: Date = new Date(),
): void {
  const { root, machine } = workspace;
  const folder = join(store, WORKSPACES);
  const file = join(folder, `${hash('sha256', `${machine}\0${root}`, 'hex').slice(0, 32)}.json`);
  const before = readRegistered(file);
  if (before?.root === root && Math.abs(now.getTime() - before.used.getTime()) < USE_STEP_MS) return;
  makeStoreFolder(store, folder);
  const content = { version: 1, machine, root, used: now.toISOString() } satisfies z.infer<typeof schema>;
  writeFileAtomic(file, `${JSON.stringify(content, undefined, 2)}\n`, { mode: FILE_MODE });
}

/** The workspaces that use the store at `store` beside the one that it lies in, sorted by file. */
export function registeredWorkspaces(store: string): StoreUsers {
  const workspaces: RegisteredWorkspace[] = [];
  const unreadable: string[] = [];
  for (const name of namesIn(join(store, WORKSPACES))) {
    if (!/^[0-9a-f]{32}\.json$/.test(name)) continue;
    const file = join(store, WORKSPACES, name);
    const found = readRegistered(file);
    if (found) workspaces.push(found);
    else unreadable.push(file);
  }
  return { workspaces, unreadable };
}

function readRegistered(file: string): RegisteredWorkspace | undefined {
  try {
    const { root, machine, used } = schema.parse(JSON.parse(readRegularFile(file).toString()));
    return { root: root as AbsPath, machine, used: new Date(used), file };
  } catch (error) {
    if (systemErrorCode(error) === 'EIO') throw error;
    return undefined;
  }
}

/** Takes back that a workspace uses the store: what only it needs may go. */
export function forgetWorkspace({ file }: RegisteredWorkspace): void {
  writePoint();
  unlinkIfThere(file);
}
