import { closeSync, renameSync, rmSync, statSync, type Stats } from 'node:fs';
import { writeAll } from '../../base/atomic-file.js';
import { OcrpipeError } from '../../base/errors.js';
import { writePoint } from '../../base/write-points.js';
import { LARGE_BLOB_BYTES } from '../../store/format.js';
import type { LocalStore } from '../../store/local-store.js';
import type { FileEntry } from '../../store/tree-format.js';
import { textOfBytes } from '../../base/byte-text.js';
import { fsPath, type BytePath } from '../byte-path.js';
import type { LargeFiles } from './large-files.js';
import type { ShortPaths } from './short-paths.js';
import { modeOf, openNew, type Work } from './write-files.js';

/** Where the bytes of files come from, of small ones and of large ones, and how long paths are shortened. */
export interface FileSource {
  readonly store: LocalStore;
  readonly large: LargeFiles;
  readonly paths: ShortPaths;
}

/** Writes a file under a name that is free, whole or not at all. Of a large one the stat is returned: see `LargeFiles.place`. */
export function* writeNewFile(
  { store, large }: FileSource,
  path: BytePath,
  entry: FileEntry,
): Work<Stats | undefined> {
  // Who else writes stores may have packed a large one.
  const isPacked = store.locate('blob', entry.id)?.in === 'pack';
  if (entry.size >= LARGE_BLOB_BYTES && !isPacked) {
    const stat = yield* large.place(path, entry);
    if (stat.size === entry.size) return stat;
    rmSync(fsPath(path), { force: true });
    throw sizeDiffers(entry, stat.size);
  }
  const bytes = store.read('blob', entry.id);
  if (bytes.length !== entry.size) throw sizeDiffers(entry, bytes.length);
  writePoint();
  const fd = openNew(path, modeOf(entry));
  try {
    writeAll(fd, bytes);
  } finally {
    closeSync(fd);
  }
  return undefined;
}

/** The bytes are those of the id, so whoever named it with this size did so wrongly. */
function sizeDiffers({ name, id, size }: FileEntry, bytes: number): OcrpipeError {
  return new OcrpipeError(
    'size-differs',
    `${textOfBytes(name)} is refused: its pointer or tree says ${size} bytes, and the blob ${id} has ${bytes}`,
    { hint: 'That was not written by ocrpipe. Add the file again where it is.' },
  );
}

/** Puts a file at `path` by one rename: temporary name beside it, then the name. Returns what `writeNewFile` does. */
export function* replaceFile(source: FileSource, path: BytePath, entry: FileEntry): Work<Stats | undefined> {
  const temporary = source.paths.beside(path);
  let isGone = false;
  try {
    const stat = yield* writeNewFile(source, temporary, entry);
    writePoint();
    renameSync(fsPath(temporary), fsPath(path));
    // Of two links to one file a rename leaves both.
    isGone = stat === undefined;
    return stat && statSync(fsPath(path));
  } finally {
    if (!isGone) rmSync(fsPath(temporary), { force: true });
  }
}
