import { constants } from 'node:fs';
import { copyFile, open, type FileHandle } from 'node:fs/promises';
import { systemErrorCode } from './errors.js';

const CHUNK_BYTES = 1024 * 1024;
/** Neither through a link that took the file's place, nor waiting for the writer of a FIFO that did. */
const SOURCE_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Copies a file of somebody else's, who may write to it meanwhile, to a new file of the same permissions: as a clone where the
 * file system can, byte by byte otherwise, and then as far as it went at first. What `copyFile` of Node does instead never ends when the file is cut
 * while it is copied: it waits for bytes that were promised. Throws what the system says; part of a copy may then be there.
 */
export async function copyChangingFile(from: string | Buffer, to: string | Buffer): Promise<void> {
  if (await isCloned(from, to)) return;
  const source = await open(from, SOURCE_FLAGS);
  try {
    const { mode, size } = await source.stat();
    const target = await open(to, 'wx', 0o600);
    try {
      await copyBytes(source, target, size);
      await target.chmod(mode & 0o777);
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

/** Only where nothing but a clone is asked for, no bytes are waited for. */
async function isCloned(from: string | Buffer, to: string | Buffer): Promise<boolean> {
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    // Whatever refused it refuses the copy too, and says why.
    return false;
  }
}

/** As many as there were, or fewer: a file may grow as fast as it is read. */
async function copyBytes(source: FileHandle, target: FileHandle, size: number): Promise<void> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let left = size; left > 0;) {
    const { bytesRead } = await source.read(chunk, 0, Math.min(left, chunk.length), null);
    if (bytesRead === 0) return;
    await target.writeFile(chunk.subarray(0, bytesRead));
    left -= bytesRead;
  }
}
