import { closeSync, constants, openSync, readdirSync, rmSync } from 'node:fs';
import { systemErrorCode } from './errors.js';

const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** Removes a file, or a folder with all in it, also what has a longer path than Linux opens; nothing there is no error. */
export function removeTree(path: string | Buffer): void {
  try {
    removeAll(path);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENAMETOOLONG' || process.platform !== 'linux') throw error;
    emptyThroughDescriptor(path);
    removeAll(path);
  }
}

function removeAll(path: string | Buffer): void {
  rmSync(path, { recursive: true, force: true });
}

/** What is in an open folder is reached through its descriptor, however long the folder's own path is. */
function emptyThroughDescriptor(path: string | Buffer): void {
  const fd = openSync(path, FOLDER);
  try {
    const prefix = Buffer.from(`/proc/self/fd/${fd}/`);
    for (const name of readdirSync(prefix, 'buffer')) removeAll(Buffer.concat([prefix, name]));
  } finally {
    closeSync(fd);
  }
}
