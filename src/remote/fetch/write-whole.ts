import type { FileHandle } from 'node:fs/promises';

/** Writes every byte, as a single write may take fewer: at a place of the file, or else where it stands. */
export async function writeWhole(file: FileHandle, bytes: Buffer, at?: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const place = at === undefined ? null : at + done;
    done += (await file.write(bytes, done, bytes.length - done, place)).bytesWritten;
  }
}
