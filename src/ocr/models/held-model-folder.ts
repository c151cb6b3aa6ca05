import { existsSync, mkdirSync, readdirSync, rmSync, rmdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { removeAbandonedIn } from '../../base/abandoned.js';
import { TEMPORARY_PREFIX, writeFileAtomic } from '../../base/atomic-file.js';
import { systemErrorCode } from '../../base/errors.js';
import type { EventSink } from '../../base/events.js';
import { acquireLock, type HeldLock } from '../../base/lock.js';
import { writePoint } from '../../base/write-points.js';

const LOCK_FILE = 'lock';
const IGNORE_FILE = '.gitignore';
/** Whoever gives the folder up may remove the one beside it while another is about to use that; then it is made again. */
const TRIES = 100;

/** `models/plate` -> `models/.plate.checkpoint`: what belongs to the making of a model and not to the model; git ignores it. */
export function checkpointFolder(modelFolder: string): string {
  return join(dirname(modelFolder), `.${basename(modelFolder)}.checkpoint`);
}

/** A model folder, and the one for its checkpoint, that nobody else writes to until it is released. */
export interface HeldModelFolder {
  readonly path: string;
  readonly checkpoints: string;
  /** Gives it up, and removes the checkpoint's folder if nothing is in it. */
  release(): void;
}

/**
 * Waits until no other process makes this model, as long as it takes: two that train to one place do so one after the other.
 * Whom it waits for is told as `waiting` events; a holder that died is followed. Only an abort ends the wait.
 */
export async function holdModelFolder(
  path: string,
  call: { shown?: string; events?: EventSink; signal?: AbortSignal | undefined } = {},
): Promise<HeldModelFolder> {
  const checkpoints = checkpointFolder(path);
  const lock = await lockIn(checkpoints, {
    what: `the model ${call.shown ?? path}`,
    command: 'ocrpipe train',
    ...(call.events ? { events: call.events } : {}),
    ...(call.signal ? { signal: call.signal } : {}),
  });
  return {
    path,
    checkpoints,
    release: () => {
      lock.release();
      removeIfUnused(checkpoints);
    },
  };
}

async function lockIn(
  folder: string,
  options: { what: string; command: string; events?: EventSink; signal?: AbortSignal },
): Promise<HeldLock> {
  for (let tries = 1; ; tries += 1) {
    try {
      mkdirSync(folder, { recursive: true });
      const lock = await acquireLock({ path: join(folder, LOCK_FILE), ...options });
      ignoreInGit(folder);
      return lock;
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT' || tries === TRIES) throw error;
    }
  }
}

/** Nothing in the folder is for git. */
export function ignoreInGit(folder: string): void {
  const file = join(folder, IGNORE_FILE);
  if (!existsSync(file)) writeFileAtomic(file, '*\n');
}

/** A checkpoint stays, and so does everything if another process waits there for the lock. */
function removeIfUnused(folder: string): void {
  try {
    removeAbandonedIn(folder);
    const names = readdirSync(folder);
    if (names.some((name) => name !== IGNORE_FILE)) return;
    writePoint();
    rmSync(join(folder, IGNORE_FILE), { force: true });
    rmdirSync(folder);
  } catch (error) {
    // Somebody came or went meanwhile: what is left is theirs.
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(systemErrorCode(error) ?? '')) throw error;
  }
}

/** Removes a file of the held folder, and what was left of it by processes that were killed while they wrote it. */
export function removeHeldFile(folder: string, file: string): void {
  for (const name of readdirSync(folder)) {
    if (name !== file && !(name.startsWith(TEMPORARY_PREFIX) && name.endsWith(`-${file}`))) continue;
    writePoint();
    rmSync(join(folder, name), { force: true });
  }
}
