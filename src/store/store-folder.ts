import { randomUUID } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { syncDirectory } from '../base/atomic-file.js';
import { systemErrorCode, userError } from '../base/errors.js';
import { readRegularFile } from '../base/regular-file.js';
import { writePoint } from '../base/write-points.js';
import { decodeStoreFormat, encodeStoreFormat, FOLDERS, FORMAT_KEY, type StoreFormat } from './format.js';
import { isSharedByGroup, shareWithGroup } from './shared-folder.js';
import { unlinkIfThere, writeTemporary } from './temporary.js';

/**
 * Makes `root` a store unless it is one. Two processes may do so at once: one of them names it, both go on. With `group`, and
 * in a folder that is a group's already, the members of the group can write to it.
 */
export function createStoreFolder(root: string, options: { group?: boolean } = {}): StoreFormat {
  mkdirSync(root, { recursive: true });
  if (options.group === true) shareWithGroup(root);
  const group = isSharedByGroup(root);
  for (const name of [FOLDERS.objects, FOLDERS.packs, FOLDERS.runs, FOLDERS.tmp]) {
    const folder = join(root, name);
    if (mkdirSync(folder, { recursive: true }) !== undefined && group) shareWithGroup(folder);
  }
  if (existsSync(join(root, FORMAT_KEY))) return readStoreFolder(root);
  const temporary = writeTemporary(join(root, FOLDERS.tmp), Buffer.from(encodeStoreFormat(randomUUID())));
  nameOnce(temporary, join(root, FORMAT_KEY));
  syncDirectory(root);
  return readStoreFolder(root);
}

/** What the store at `root` says of itself. Throws `no-store`, `store-format-damaged` or `store-format-unknown`. */
export function readStoreFolder(root: string): StoreFormat {
  const file = join(root, FORMAT_KEY);
  let text: string;
  try {
    text = readRegularFile(file).toString('utf8');
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT' && systemErrorCode(error) !== 'ENOTDIR') throw error;
    throw userError('no-store', `there is no store at ${root}`, { hint: "Run 'ocrpipe init' to make one." });
  }
  return decodeStoreFormat(text, file);
}

/** Gives the file its name unless another process did so first; removes it otherwise. */
function nameOnce(temporary: string, target: string): void {
  try {
    writePoint();
    linkSync(temporary, target);
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return;
    // A file system without links: of two processes that make one store at once the later names it.
    if (!existsSync(target)) renameSync(temporary, target);
  } finally {
    unlinkIfThere(temporary);
  }
}
