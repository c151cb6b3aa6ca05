import { constants, copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryBeside } from './atomic-file.js';
import { systemErrorCode } from './errors.js';

/** True if files of `folder` can be cloned there, which is tried. */
export function canClone(folder: string): boolean {
  const [from, to] = ['a', 'b'].map((name) => temporaryBeside(join(folder, name))) as [string, string];
  try {
    writeFileSync(from, 'x');
    copyFileSync(from, to, constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return false;
  } finally {
    for (const file of [from, to]) rmSync(file, { force: true });
  }
}
