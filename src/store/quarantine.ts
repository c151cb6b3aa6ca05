import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, openSync, renameSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { syncDirectory } from '../base/atomic-file.js';
import { READ_AT_ONCE } from '../base/cautious-read.js';
import type { ContentId } from '../base/content-id.js';
import { systemErrorCode } from '../base/errors.js';
import { writePoint } from '../base/write-points.js';
import { FOLDERS } from './format.js';
import type { PackEntry, PackTable } from './pack-format.js';
import { PackWriter, type SealedPack } from './pack-writer.js';
import { makeStoreFolder } from './shared-folder.js';
import { namesIn } from './temporary.js';
import { checkedObjects, hashOfOpenFile, readEntry } from './verify-pack.js';

/**
 * Moves a damaged pack out of the way, once what is sound in it has been written to a new pack, which `name` gives its name:
 * no object is lost but those that are wrong. Says whether it did: not if all of it is sound by now, or it is gone. `table`
 * was checked when the pack was first opened, so that damage to the table itself costs no object. `unwanted` says what is left
 * out though its bytes are those of its id: a node that is none.
 */
export function quarantinePack(
  root: string,
  pack: { file: string; table: PackTable; unwanted?: (entry: PackEntry) => boolean },
  name: (sound: SealedPack) => void,
): boolean {
  const fd = openIfThere(pack.file);
  if (fd === undefined) return false;
  try {
    const sound = salvage(root, fd, pack);
    if (sound === 'whole') return false;
    if (sound) name(sound);
    return moveAside(root, pack.file, fstatSync(fd).ino);
  } finally {
    closeSync(fd);
  }
}

/** A new pack in `tmp/` of what is sound; undefined if nothing is. */
function salvage(
  root: string,
  fd: number,
  { table, unwanted = () => false }: { table: PackTable; unwanted?: (entry: PackEntry) => boolean },
): SealedPack | 'whole' | undefined {
  const writer = new PackWriter(join(root, FOLDERS.tmp));
  try {
    for (const { entry, sound, bytes } of checkedObjects(fd, table)) {
      if (sound && !unwanted(entry)) writer.add(entry.kind, entry.id, bytes ?? readEntry(fd, entry));
    }
    if (writer.count > 0 && writer.count < table.count) return writer.seal();
    writer.abort();
    return writer.count === 0 ? undefined : 'whole';
  } catch (error) {
    writer.abort();
    throw error;
  }
}

/** Moves a large blob out of the way if its bytes, read once more, are not those of its id. Says whether it did. */
export function quarantineObject(root: string, file: string, id: ContentId): boolean {
  return quarantineFile(root, file, (fd) => hashOfOpenFile(fd) === id);
}

/** Moves a file of the store out of the way unless it is sound, looked at once more, or gone. Says whether it did. */
export function quarantineFile(root: string, file: string, isSound: (fd: number) => boolean): boolean {
  const fd = openIfThere(file);
  if (fd === undefined) return false;
  try {
    return !isSound(fd) && moveAside(root, file, fstatSync(fd).ino);
  } finally {
    closeSync(fd);
  }
}

/**
 * Moves a damaged file to `quarantine/`, under a name that is free. Nothing is deleted: a person may still get something out
 * of it. `inode` is that of the file that was found damaged: another process may have put a sound one in its place by now,
 * which then gets its name back.
 */
function moveAside(root: string, file: string, inode: number): boolean {
  const folder = join(root, FOLDERS.quarantine);
  const shard = file.startsWith(join(root, FOLDERS.objects)) ? basename(dirname(file)) : '';
  const target = join(folder, `${shard}${basename(file)}-${randomBytes(4).toString('hex')}`);
  makeStoreFolder(root, folder);
  writePoint();
  try {
    renameSync(file, target);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
  if (statSync(target).ino !== inode) {
    renameSync(target, file);
    return false;
  }
  syncDirectory(folder);
  syncDirectory(dirname(file));
  return true;
}

function openIfThere(file: string): number | undefined {
  try {
    return openSync(file, READ_AT_ONCE);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The files of a large blob that were set aside, the latest first. */
export function asideOf(root: string, id: ContentId): string[] {
  const folder = join(root, FOLDERS.quarantine);
  return namesIn(folder)
    .filter((name) => name.startsWith(`${id}-`))
    .map((name) => join(folder, name))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
}
