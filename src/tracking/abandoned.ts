import { lstatSync, readdirSync, rmSync } from 'node:fs';
import { TEMPORARY_PREFIX } from '../base/atomic-file.js';
import { systemErrorCode } from '../base/errors.js';
import { SPACE_MARK } from '../base/process-space.js';
import { fsPath, joinBytes, type BytePath } from './byte-path.js';

/** What a process of another host has not touched for so long, it left there. Milliseconds. */
const ABANDONED_MS = 24 * 60 * 60 * 1000;

/**
 * Removes what commands that were killed left in `folder`: temporary names whose process is no more. Names of this process and
 * of processes that run are left alone, so no lock is needed. Other hosts, which may share the folder, cannot be asked about
 * their processes: their names go when they are old.
 */
export function removeAbandonedIn(folder: BytePath): void {
  for (const name of namesIn(folder)) {
    const path = fsPath(joinBytes(folder, name));
    if (name.startsWith(TEMPORARY_PREFIX) && isAbandoned(name, path)) {
      rmSync(path, { recursive: true, force: true });
    }
  }
}

function isAbandoned(name: string, path: string | Buffer): boolean {
  const match = /^([0-9a-z]+)-([0-9a-f]{4})[0-9a-f]{8}-/.exec(name.slice(TEMPORARY_PREFIX.length));
  const pid = match ? Number.parseInt(match[1]!, 36) : Number.NaN;
  if (!match || !Number.isSafeInteger(pid) || pid <= 0) return false;
  if (match[2] === SPACE_MARK) return pid !== process.pid && !isAlive(pid);
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat !== undefined && Date.now() - stat.mtimeMs > ABANDONED_MS;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) !== 'ESRCH';
  }
}

function namesIn(folder: BytePath): string[] {
  try {
    return readdirSync(fsPath(folder), 'latin1');
  } catch {
    return [];
  }
}
