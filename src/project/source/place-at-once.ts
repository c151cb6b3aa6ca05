import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
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
 *
 * One folder cannot take the place of another in one step (Linux can exchange them, Node cannot ask it to): the old one makes room first,
 * under its own name in a folder `.ocrpipe-old-…` beside it. Where a call is killed just then, it is found there, and the next call for the same target
 * puts it back before it does anything else.
 */
export async function placeAtOnce<T>(
  target: AbsPath,
  { force }: { force: boolean },
  write: (aside: AbsPath) => Promise<T>,
): Promise<T> {
  removeAbandonedIn(dirname(target));
  putBack(target);
  const aside = absPath(temporaryBeside(target));
  try {
    const written = await write(aside);
    if (force) replace(aside, target);
    else {
      writePoint();
      renameSync(aside, target);
    }
    syncDirectory(dirname(target));
    return written;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

/** Finishes what a killed call left: the old folder is the target again, unless the new one is. */
export function putBack(target: AbsPath): void {
  const away = awayFrom(target);
  if (lstatIfThere(away) === undefined) return;
  if (lstatIfThere(target) === undefined && lstatIfThere(join(away, basename(target))) !== undefined) {
    writePoint();
    renameSync(join(away, basename(target)), target);
    syncDirectory(dirname(target));
  }
  writePoint();
  rmSync(away, { recursive: true, force: true });
}

/** A folder that is not empty cannot be renamed over: it makes room first. */
function replace(aside: AbsPath, target: AbsPath): void {
  const old = lstatIfThere(target);
  if (old === undefined || !old.isDirectory()) {
    try {
      writePoint();
      renameSync(aside, target);
      return;
    } catch (error) {
      // A folder does not replace a file.
      if (systemErrorCode(error) !== 'ENOTDIR') throw error;
    }
  }
  const away = awayFrom(target);
  writePoint();
  mkdirSync(away);
  writePoint();
  renameSync(target, join(away, basename(target)));
  try {
    writePoint();
    renameSync(aside, target);
    // On disk before the old one goes.
    syncDirectory(dirname(target));
  } finally {
    putBack(target);
  }
}

/** The same for the same target, and short however long its name is. */
function awayFrom(target: AbsPath): string {
  const mark = createHash('sha256').update(basename(target)).digest('hex').slice(0, 8);
  return join(dirname(target), `.ocrpipe-old-${mark}`);
}
