import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { syncDirectory, writeAll } from '../base/atomic-file.js';
import { systemErrorCode, userError } from '../base/errors.js';
import { writePoint } from '../base/write-points.js';
import { decodeStoreFormat, encodeStoreFormat, FOLDERS, FORMAT_KEY, type StoreFormat } from './format.js';
import { temporaryName, unlinkIfThere } from './temporary.js';

/** Makes `root` a store unless it is one. Two processes may do so at once: one of them names it, both go on. */
export function createStoreFolder(root: string): StoreFormat {
  for (const folder of [FOLDERS.objects, FOLDERS.packs, FOLDERS.runs, FOLDERS.tmp]) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  const temporary = temporaryName(join(root, FOLDERS.tmp));
  writePoint();
  const fd = openSync(temporary, 'wx', 0o666);
  try {
    writeAll(fd, Buffer.from(encodeStoreFormat(randomUUID())));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  try {
    writePoint();
    linkSync(temporary, join(root, FORMAT_KEY));
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error;
  } finally {
    unlinkIfThere(temporary);
  }
  syncDirectory(root);
  return readStoreFolder(root);
}

/** What the store at `root` says of itself. Throws `no-store`, `store-format-damaged` or `store-format-unknown`. */
export function readStoreFolder(root: string): StoreFormat {
  const file = join(root, FORMAT_KEY);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT' && systemErrorCode(error) !== 'ENOTDIR') throw error;
    throw userError('no-store', `there is no store at ${root}`, { hint: "Run 'ocrpipe init' to make one." });
  }
  return decodeStoreFormat(text, file);
}
