import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ageOf } from '../../base/age.js';
import { systemErrorCode } from '../../base/errors.js';
import { writePoint } from '../../base/write-points.js';
import type { Unfinished } from './remote.js';
import { isTemporaryName, TEMPORARY_FOLDER } from './temporary-names.js';

/** The files and claims in the temporary folder of a remote that is a folder. `now` is the clock of its file system. */
export async function unfinishedIn(root: string, now: Date): Promise<Unfinished[]> {
  const found: Unfinished[] = [];
  for (const name of await namesIn(join(root, TEMPORARY_FOLDER))) {
    if (!isTemporaryName(name)) continue;
    const key = `${TEMPORARY_FOLDER}/${name}`;
    const age = ageOf(join(root, key), now.getTime());
    const seen = await look(join(root, key));
    if (seen !== undefined && age !== undefined)
      found.push({ ...{ key, ...seen }, lastWritten: new Date(now.getTime() - age) });
  }
  return found;
}

/** False if it is gone, or was written to. */
export async function discardFrom(root: string, { key, id }: Unfinished): Promise<boolean> {
  const path = join(root, key);
  if ((await look(path))?.id !== id) return false;
  writePoint();
  await rm(path, { recursive: true, force: true });
  return true;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Its state, and what is free without it: of a file that got its name nothing. */
async function look(path: string): Promise<{ id: string; bytes: number } | undefined> {
  try {
    const { ino, size, mtimeNs, nlink } = await lstat(path, { bigint: true });
    const isAlone = nlink <= 1n;
    return { id: `${ino}-${size}-${mtimeNs}`, bytes: isAlone ? Number(size) : 0 };
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
