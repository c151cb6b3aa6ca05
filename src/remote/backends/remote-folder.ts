import { mkdirSync, rmdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { syncDirectory } from '../../base/atomic-file.js';
import { type OcrpipeError, systemErrorCode, userError } from '../../base/errors.js';
import { shellQuote } from '../../base/shell-quote.js';
import type { Correction } from './correction.js';
import { folderFailure } from './remote-errors.js';
import { TEMPORARY_FOLDER } from './temporary-names.js';

/**
 * The folder of a new remote: made if it is not there, its last level only, because a whole path that is missing is mostly a
 * typing mistake or a share that is not mounted. True if it was made. Throws `remote-folder-missing` or
 * `remote-not-a-folder` (exit code 2).
 */
export function makeRemoteFolder(folder: string, correct: Correction): boolean {
  if (isFolder(folder, correct)) return false;
  const parent = dirname(folder);
  if (!isFolder(parent, correct)) {
    throw userError('remote-folder-missing', `${parent} is not there, so ${folder} cannot be made in it`, {
      hint: `Correct the address, mount what holds it, or make the folder: 'mkdir -p ${shellQuote(folder)}'.`,
    });
  }
  try {
    mkdirSync(folder);
  } catch (error) {
    throw folderFailure(folder, error, correct);
  }
  syncDirectory(parent);
  return true;
}

/** Takes away the folder of a remote that came to nothing; if somebody put something there meanwhile, it stays. */
export function unmakeRemoteFolder(folder: string): void {
  for (const each of [join(folder, TEMPORARY_FOLDER), folder]) {
    try {
      rmdirSync(each);
    } catch (error) {
      if (systemErrorCode(error) === undefined) throw error;
    }
  }
}

/** Throws `remote-folder-missing` or `remote-not-a-folder` (exit code 2) unless the folder of a remote is there. */
export function requireRemoteFolder(folder: string, correct: Correction): void {
  if (!isFolder(folder, correct)) throw remoteFolderMissing(folder, correct);
}

/** The folder of a remote that was used before, or on another machine, is not there: it is never made anew. */
export function remoteFolderMissing(folder: string, correct: Correction): OcrpipeError {
  return userError('remote-folder-missing', `the folder ${folder} is not there`, {
    hint: `Mount what holds it, or say where it is: '${correct({ url: 'FOLDER' })}' (with --local, for this machine alone). For a new remote make it: 'mkdir -p ${shellQuote(folder)}'.`,
  });
}

/** True for a folder, false for nothing; a file in its place throws `remote-not-a-folder`. */
function isFolder(path: string, correct: Correction): boolean {
  try {
    if (statSync(path).isDirectory()) return true;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw folderFailure(path, error, correct);
  }
  throw folderFailure(path, Object.assign(new Error('not a folder'), { code: 'ENOTDIR' }), correct);
}
