import type { FileHandle } from 'node:fs/promises';

/**
 * More at once costs more: for one large write Linux takes blocks of memory so large (large folios) that a virtual machine may first have to
 * be given them by its host, which was seen to triple the CPU time of a write.
 */
const AT_ONCE = 256 * 1024;

/** Writes every byte where the file stands, as a single write may take fewer. */
export async function writeWhole(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const length = Math.min(AT_ONCE, bytes.length - done);
    done += (await file.write(bytes, done, length, null)).bytesWritten;
  }
}
