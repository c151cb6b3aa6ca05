import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readdirSync, renameSync, statSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ageOf } from '../base/age.js';
import { syncDirectory, writeAll } from '../base/atomic-file.js';
import { READ_AT_ONCE } from '../base/cautious-read.js';
import { systemErrorCode, userError } from '../base/errors.js';
import { writePoint } from '../base/write-points.js';
import { seal } from './seal.js';
import { makeStoreFolder } from './shared-folder.js';

/** Files that nobody touched for so long were left by a process that died. Milliseconds. */
const ABANDONED_MS = 3 * 24 * 60 * 60 * 1000;

/**
 * A fresh name in the folder `tmp` of a store, which is created if it is not there. The file itself is not created. Throws
 * `store-gone`.
 */
export function temporaryName(tmp: string): string {
  makeStoreFolder(dirname(tmp), tmp);
  return join(tmp, `${process.pid.toString(36)}-${randomBytes(8).toString('hex')}`);
}

/** Removes what died processes left in the folder `tmp`: files unchanged for three days. */
export function removeAbandoned(tmp: string, now: number = Date.now()): void {
  for (const name of namesIn(tmp)) {
    const path = join(tmp, name);
    if (!statSync(path, { throwIfNoEntry: false })?.isFile()) continue;
    if ((ageOf(path, now) ?? 0) < ABANDONED_MS) continue;
    writePoint();
    unlinkIfThere(path);
  }
}

/**
 * Names in a folder, sorted; none if there is no such folder. One that cannot be listed is an error: what stands there would be
 * taken for missing, and who uses the store for nobody.
 */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return [];
    throw error;
  }
}

/** Removes a file that may be gone already. */
export function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Another process removed it, or it never came to be.
  }
}

/** Removes a file; false if it is gone already. */
export function removeFile(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Seals a finished file and flushes it to disk: the last step before it gets its name. */
export function makeDurable(path: string): void {
  seal(path);
  flushFile(path);
}

function flushFile(path: string): void {
  const fd = openSync(path, READ_AT_ONCE);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Writes `bytes` to a fresh file in the folder `tmp`, read-only and flushed; returns its name. */
export function writeTemporary(tmp: string, bytes: Uint8Array): string {
  const temporary = writeUnflushed(tmp, bytes);
  try {
    flushFile(temporary);
    return temporary;
  } catch (error) {
    unlinkIfThere(temporary);
    throw error;
  }
}

/** Like `writeTemporary`, and leaves it to the caller to flush the file before it gets its name. */
export function writeUnflushed(tmp: string, bytes: Uint8Array): string {
  const temporary = temporaryName(tmp);
  writePoint();
  try {
    const fd = openSync(temporary, 'wx', 0o666);
    try {
      writeAll(fd, bytes);
    } finally {
      closeSync(fd);
    }
    seal(temporary);
    return temporary;
  } catch (error) {
    unlinkIfThere(temporary);
    throw error;
  }
}

/**
 * Gives a flushed file of the store's `tmp/` its name in the store, durably, and replaces what had it. Folders are created. Where
 * that fails, nothing of the file is left. Throws `store-gone`, and `not-a-file` where a folder has it.
 */
export function giveName(temporary: string, target: string): void {
  for (const folder of giveNameUnflushed(temporary, target)) syncDirectory(folder);
}

/** Like `giveName`, and leaves it to the caller to flush the folders that are returned: until then a power cut undoes it. */
export function giveNameUnflushed(temporary: string, target: string): string[] {
  const folder = dirname(target);
  try {
    const isNew = makeStoreFolder(dirname(dirname(temporary)), folder);
    writePoint();
    renameSync(temporary, target);
    return isNew ? [folder, dirname(folder)] : [folder];
  } catch (error) {
    unlinkIfThere(temporary);
    if (systemErrorCode(error) !== 'EISDIR') throw error;
    throw userError('not-a-file', `a folder stands where a file of the store belongs: ${target}`, {
      hint: 'Move it away, and run the command again.',
      cause: error,
    });
  }
}
