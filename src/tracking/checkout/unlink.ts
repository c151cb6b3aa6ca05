import {
  chmodSync,
  lstatSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  type Stats,
} from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { copyChangingFile } from '../../base/copy-file.js';
import type { RepoPath } from '../../base/paths.js';
import { writePoint } from '../../base/write-points.js';
import { LARGE_BLOB_BYTES, OBJECT_MODE } from '../../store/format.js';
import { removeAbandonedIn } from '../abandoned.js';
import { isAlwaysIgnored } from '../ignore/ignore-rules.js';
import { textOfBytes } from '../../base/byte-text.js';
import { bytePath, fsPath, joinBytes, type BytePath } from '../byte-path.js';
import { keepsChanging } from '../scan/stable-read.js';
import { sameStat } from '../scan/stat-index-format.js';
import type { StoreLinks } from '../scan/store-links.js';
import type { ScanContext } from '../scan/snapshot.js';
import type { CallOptions, UnlinkedFile } from '../workspace-files.js';
import { besideBytes, makeEmpty } from './write-files.js';

const PERMISSIONS = 0o777;

/** So many files are looked at before signals and other work are let through. */
const FILES_PER_BREATH = 256;

/**
 * Makes each file at or below `path` that shares its bytes with the store (or with any other name) a file of its own that
 * can be written to, by one rename: a reader sees the link or the file. Files below 1 MiB are never links, and are left alone.
 * A file that is written to meanwhile is an error (`file-keeps-changing`), and stays as it is.
 */
export async function unlinkFiles(
  { root, storeLinks }: Pick<ScanContext, 'root' | 'storeLinks'>,
  path: RepoPath,
  { signal }: CallOptions,
): Promise<UnlinkedFile[]> {
  const unlinked: UnlinkedFile[] = [];
  let seen = 0;
  for (const file of filesBelow(bytePath(path))) {
    const size = await unlinkFile(joinBytes(bytePath(root), file), { storeLinks, signal });
    if (size !== undefined) unlinked.push({ path: textOfBytes(file), size });
    seen += 1;
    if (size === undefined && seen % FILES_PER_BREATH !== 0) continue;
    await setImmediate();
    signal?.throwIfAborted();
  }
  return unlinked;

  function* filesBelow(at: BytePath): Generator<BytePath> {
    const place = joinBytes(bytePath(root), at);
    const absolute = fsPath(place);
    if (lstatSync(absolute, { throwIfNoEntry: false })?.isDirectory() !== true) {
      yield at;
      return;
    }
    removeAbandonedIn(place);
    for (const name of readdirSync(absolute, 'latin1').sort()) {
      if (!isAlwaysIgnored(name)) yield* filesBelow(joinBytes(at, name));
    }
  }
}

/** The file's size in bytes if it was a link. */
async function unlinkFile(
  path: BytePath,
  { storeLinks, signal }: { storeLinks: StoreLinks; signal: AbortSignal | undefined },
): Promise<number | undefined> {
  const found = lstatSync(fsPath(path), { throwIfNoEntry: false });
  // A link to what the store has lost has no bytes of its own.
  const stat = found && storeLinks.stat(fsPath(path));
  if (stat?.isFile() !== true || stat.size < LARGE_BLOB_BYTES) return undefined;
  if (found?.isSymbolicLink() === true || stat.nlink > 1) await replaceByCopy(path, stat, signal);
  else if ((stat.mode & PERMISSIONS) === OBJECT_MODE) makeWritable(path);
  else return undefined;
  return stat.size;
}

/** The time of the file stays: its bytes are what they were. */
async function replaceByCopy(path: BytePath, stat: Stats, signal: AbortSignal | undefined): Promise<void> {
  const temporary = besideBytes(path);
  try {
    const mode = makeEmpty(temporary, 0o666 | (stat.mode & 0o111));
    rmSync(fsPath(temporary));
    await copyChangingFile(realpathSync.native(fsPath(path), 'buffer'), fsPath(temporary), { signal });
    chmodSync(fsPath(temporary), mode);
    utimesSync(fsPath(temporary), stat.atimeMs / 1000, stat.mtimeMs / 1000);
    if (!sameStat(stat, statSync(fsPath(path)))) throw keepsChanging(path);
    writePoint();
    renameSync(fsPath(temporary), fsPath(path));
  } finally {
    rmSync(fsPath(temporary), { force: true });
  }
}

/** The store has dropped its name for the file: the bytes are its own already. */
function makeWritable(path: BytePath): void {
  writePoint();
  chmodSync(fsPath(path), 0o644);
}
