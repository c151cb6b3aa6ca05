import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { type OcrpipeError, systemErrorCode, userError } from '../../base/errors.js';
import { MAX_EMPTY_DIRECTORIES, MAX_TREE_DEPTH } from '../../store/tree-reader.js';
import { textOfBytes } from '../../base/byte-text.js';
import { fsPath, type BytePath } from '../byte-path.js';
import { IGNORE_FILE } from '../ignore/ignore-rules.js';
import { readError } from './stable-read.js';

/**
 * What a scan asks of the file system, by absolute path. What is gone meanwhile is undefined, what may not be looked at is
 * `not-readable`, what has too long a path is `path-too-long`, both with exit code 2.
 */
export function statAt(path: string | Buffer): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw readError((typeof path === 'string' ? path : path.toString('latin1')) as BytePath, error);
  }
}

/** The names in a folder, in the order of their bytes. */
export function namesIn(folder: BytePath): string[] {
  return unlessGone(folder, () => readdirSync(fsPath(folder), 'latin1').sort()) ?? [];
}

/** The same, with those among them that the folder itself does not say are regular files. */
export function typedNamesIn(folder: BytePath): { names: string[]; others: ReadonlySet<string> } {
  const others = new Set<string>();
  const entries = unlessGone(folder, () =>
    readdirSync(fsPath(folder), { encoding: 'latin1', withFileTypes: true }),
  );
  const names = (entries ?? []).map((entry) => {
    if (!entry.isFile()) others.add(entry.name);
    return entry.name;
  });
  return { names: names.sort(), others };
}

function unlessGone<T>(folder: BytePath, list: () => T): T | undefined {
  try {
    return list();
  } catch (error) {
    if (isGone(error)) return undefined;
    throw readError(folder, error);
  }
}

/** Where a link leads, as its bytes say; undefined if it is none any more. */
export function targetOf(link: BytePath): string | undefined {
  try {
    return readlinkSync(fsPath(link), 'latin1');
  } catch (error) {
    if (isGone(error) || systemErrorCode(error) === 'EINVAL') return undefined;
    throw readError(link, error);
  }
}

function isGone(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '');
}

export function notTrackable(path: BytePath, stat: Stats): OcrpipeError {
  const what = stat.isFIFO() ? 'a FIFO' : stat.isSocket() ? 'a socket' : 'a device';
  return userError(
    'not-trackable',
    `${textOfBytes(path)} is ${what}: only files, folders and links are tracked`,
    {
      hint: `Remove it, or leave it out in ${IGNORE_FILE}.`,
    },
  );
}

/** Refuses a folder that no tree could be read to. `below` is its path below the tracked directory. */
export function refuseTooDeep(folder: BytePath, top: BytePath): void {
  let depth = 0;
  for (let slash = folder.indexOf('/', top.length); slash !== -1; slash = folder.indexOf('/', slash + 1)) {
    depth += 1;
  }
  if (depth <= MAX_TREE_DEPTH) return;
  const beginning = textOfBytes(folder.split('/').slice(0, 5).join('/'));
  throw userError('folder-too-deep', `${beginning}/… has more than ${MAX_TREE_DEPTH} folders in each other`, {
    hint: `Pack what is so deep into one file, or leave it out in ${IGNORE_FILE}.`,
  });
}

/** Refuses more folders without any file in them, `count` by now, than are ever read back. */
export function refuseTooManyEmpty(count: number): void {
  if (count <= MAX_EMPTY_DIRECTORIES) return;
  throw userError(
    'too-many-files',
    `there are more than ${MAX_EMPTY_DIRECTORIES} folders without a file in them`,
    {
      hint: `Remove them, or leave them out in ${IGNORE_FILE}.`,
    },
  );
}
