import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ageOf } from './age.js';
import { TEMPORARY_PREFIX } from './atomic-file.js';
import { systemErrorCode } from './errors.js';
import { SPACE_MARK } from './process-space.js';
import { removeTree } from './remove-tree.js';

/** What a process of another host has not touched for so long, it left there. Milliseconds. */
const ABANDONED_MS = 24 * 60 * 60 * 1000;

/**
 * Removes what commands that were killed left in `folder` (a path, or its bytes): temporary names whose process is no more. Names
 * of this process and of processes that run are left alone, so no lock is needed. Other hosts, which may share the folder, cannot
 * be asked about their processes: their names go when they are old. A folder that cannot be read is left as it is.
 */
export function removeAbandonedIn(folder: string | Buffer): void {
  for (const name of namesIn(folder)) {
    if (!name.startsWith(TEMPORARY_PREFIX)) continue;
    const path = pathOf(folder, name);
    if (isAbandoned(name, path)) removeTree(path);
  }
}

function isAbandoned(name: string, path: string | Buffer): boolean {
  const match = /^([0-9a-z]+)-([0-9a-f]{4})[0-9a-f]{8}-/.exec(name.slice(TEMPORARY_PREFIX.length));
  const pid = match ? Number.parseInt(match[1]!, 36) : Number.NaN;
  if (!match || !Number.isSafeInteger(pid) || pid <= 0) return false;
  if (match[2] === SPACE_MARK) return pid !== process.pid && !isAlive(pid);
  return (ageOf(path) ?? 0) > ABANDONED_MS;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) !== 'ESRCH';
  }
}

/** Bytes only where text will not do. */
function pathOf(folder: string | Buffer, name: string): string | Buffer {
  if (typeof folder === 'string' && /^[\0-\x7f]*$/.test(name)) return join(folder, name);
  return Buffer.concat([Buffer.from(folder), Buffer.from(`/${name}`, 'latin1')]);
}

/** One character a byte: names need not be UTF-8. */
function namesIn(folder: string | Buffer): string[] {
  try {
    return readdirSync(folder, 'latin1');
  } catch {
    return [];
  }
}
