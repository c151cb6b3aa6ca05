import { lstatSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { READ_AT_ONCE } from '../../base/cautious-read.js';
import { OcrpipeError, systemErrorCode } from '../../base/errors.js';
import { readRegularFile } from '../../base/regular-file.js';
import { imageUnreadable } from './unreadable.js';

/** The bytes of an image file; throws `image-unreadable` (exit code 2), calling the file `name`. A pipe is refused, never waited for. */
export async function readImageFile(file: string, name = file): Promise<Buffer> {
  try {
    const handle = await open(file, READ_AT_ONCE);
    try {
      const kind = await handle.stat();
      // A folder is refused by the system.
      if (!kind.isFile() && !kind.isDirectory()) throw new Error('it is no regular file');
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw imageUnreadable(name, readReason(error, file), error);
  }
}

/** {@link readImageFile} for a thread that has nothing else to do: a fifth of the work for the small file that an image of a line is. */
export function readImageFileNow(file: string, name = file): Buffer {
  try {
    return readRegularFile(file);
  } catch (error) {
    throw imageUnreadable(name, readReason(error, file), error);
  }
}

function readReason(error: unknown, file: string): string {
  const code = systemErrorCode(error);
  if (code === 'ENOENT') {
    const isLink = lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
    return isLink ? 'it is a link to a file that is not there' : 'there is no such file';
  }
  if (code !== undefined) return REASONS[code] ?? code;
  if (error instanceof OcrpipeError && error.code === 'not-a-file') return specialReason(file);
  return error instanceof Error ? error.message : 'reading failed';
}

/** What the system's codes mean here. */
const REASONS: Readonly<Record<string, string>> = {
  ELOOP: 'its links lead in a circle',
  EISDIR: 'it is a folder',
  EACCES: 'you may not read it (EACCES)',
  EPERM: 'you may not read it (EPERM)',
  ENOTDIR: 'its folder is a file (ENOTDIR)',
  ENAMETOOLONG: 'its name is too long (ENAMETOOLONG)',
  ENXIO: 'it is no regular file',
};

function specialReason(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat?.isDirectory() === true) return REASONS['EISDIR']!;
  return stat?.isFile() === true ? 'it is too large' : 'it is no regular file';
}
