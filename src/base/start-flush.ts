import { close, fdatasync, openSync } from 'node:fs';

/**
 * Has the system begin to bring what was written to a file to disk, and waits for nothing. That it did is not known: whoever needs
 * the bytes there must flush the file all the same. Linux tells each open file by itself that a write to disk failed, so
 * that this flush, which has one of its own, takes no error away from the other.
 */
export function startFlush(path: string): void {
  let fd: number;
  try {
    fd = openSync(path, 'r+');
  } catch {
    return;
  }
  fdatasync(fd, () => {
    close(fd);
  });
}
