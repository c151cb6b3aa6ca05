import { readdirSync, readlinkSync } from 'node:fs';

/** True while this process has the file open. Linux only. Gone meanwhile: it was the listing's own. */
export function hasOpen(path: string): boolean {
  return readdirSync('/proc/self/fd').some((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false;
    }
  });
}
