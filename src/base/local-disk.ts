import { statfsSync } from 'node:fs';

/** `statfs` types: ext, xfs, btrfs, tmpfs, overlay, zfs, f2fs. */
const LOCAL_FILE_SYSTEMS = new Set([
  0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0x2fc12fc1, 0xf2f52010,
]);

/** True if a folder is on a disk of this machine; network file systems, and foreign ones behind FUSE, may keep times and locks less well. */
export function isOnLocalDisk(folder: string | Buffer): boolean {
  try {
    return LOCAL_FILE_SYSTEMS.has(statfsSync(folder).type);
  } catch {
    return false;
  }
}
