import { readdirSync, rmSync } from 'node:fs';
import { TEMPORARY_PREFIX } from '../base/atomic-file.js';
import { systemErrorCode } from '../base/errors.js';
import { fsPath, joinBytes, type BytePath } from './byte-path.js';

/** Removes what commands that were killed left in `folder`: temporary names whose process is no more. */
export function removeAbandonedIn(folder: BytePath): void {
  for (const name of namesIn(folder)) {
    const pid = name.startsWith(TEMPORARY_PREFIX) ? pidOf(name) : undefined;
    if (pid === undefined || pid === process.pid || isAlive(pid)) continue;
    rmSync(fsPath(joinBytes(folder, name)), { recursive: true, force: true });
  }
}

function pidOf(name: string): number | undefined {
  const match = /^([0-9a-z]+)-[0-9a-f]{12}-/.exec(name.slice(TEMPORARY_PREFIX.length));
  const pid = match ? Number.parseInt(match[1]!, 36) : Number.NaN;
  return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
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
