import type { FileHandle } from 'node:fs/promises';

/** Adds every byte: a single write may take fewer. */
export async function writeWhole(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await file.write(bytes, done, bytes.length - done)).bytesWritten;
  }
}
