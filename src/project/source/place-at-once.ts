import { renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { removeAbandonedIn } from '../../base/abandoned.js';
import { syncDirectory, temporaryBeside } from '../../base/atomic-file.js';
import { systemErrorCode } from '../../base/errors.js';
import { lstatIfThere } from '../../base/lstat-if-there.js';
import { absPath, type AbsPath } from '../../base/paths.js';
import { writePoint } from '../../base/write-points.js';

/**
 * Has `write` make a file or folder under a temporary name beside `target`, and gives it its name when it is whole. What stands
 * there is replaced with `force`, and gone only when the new one has its name. A killed call leaves the temporary name, which the next call in that
 * folder removes.
 */
export async function placeAtOnce<T>(
  target: AbsPath,
  { force }: { force: boolean },
  write: (aside: AbsPath) => Promise<T>,
): Promise<T> {
  removeAbandonedIn(dirname(target));
  const aside = absPath(temporaryBeside(target));
  try {
    const written = await write(aside);
    writePoint();
    if (force) replace(aside, target);
    else renameSync(aside, target);
    syncDirectory(dirname(target));
    return written;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

/** A folder that is not empty cannot be renamed over: it makes room first. */
function replace(aside: AbsPath, target: AbsPath): void {
  const old = lstatIfThere(target);
  if (old === undefined || !old.isDirectory()) {
    try {
      renameSync(aside, target);
      return;
    } catch (error) {
      // A folder does not replace a file.
      if (systemErrorCode(error) !== 'ENOTDIR') throw error;
    }
  }
  const away = temporaryBeside(target);
  renameSync(target, away);
  renameSync(aside, target);
  rmSync(away, { recursive: true, force: true });
}
