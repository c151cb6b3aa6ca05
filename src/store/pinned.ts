import { linkSync } from 'node:fs';
import { join } from 'node:path';
import { removeAbandonedIn } from '../base/abandoned.js';
import { temporaryBeside } from '../base/atomic-file.js';
import { systemErrorCode } from '../base/errors.js';
import { writePoint } from '../base/write-points.js';
import { FOLDERS } from './format.js';
import { makeStoreFolder } from './shared-folder.js';
import { unlinkIfThere } from './temporary.js';
import { Trash } from './trash.js';

/**
 * Calls `use` with a name of a file of the store that stays while it works, whatever a collection of garbage moves or deletes:
 * a second link to the file. Where there can be none it is the file's own name. For what reads a file by its name and for long.
 */
export async function pinned<T>(root: string, key: string, use: (file: string) => Promise<T>): Promise<T> {
  const folder = join(root, FOLDERS.tmp, 'pins');
  const pin = temporaryBeside(join(folder, 'pin'));
  try {
    makeStoreFolder(root, folder);
    removeAbandonedIn(folder);
    writePoint();
    linkTo(root, key, pin);
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return use(join(root, key));
  }
  try {
    return await use(pin);
  } finally {
    unlinkIfThere(pin);
  }
}

function linkTo(root: string, key: string, pin: string): void {
  try {
    linkSync(join(root, key), pin);
  } catch (error) {
    const place = systemErrorCode(error) === 'ENOENT' ? new Trash(root).rescue(key) : undefined;
    if (place === undefined) throw error;
    linkSync(place, pin);
  }
}
