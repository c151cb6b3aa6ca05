import {
  closeSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  rmSync,
  statSync,
  lstatSync,
  type Stats,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { removeAbandonedIn } from './abandoned.js';
import { TEMPORARY_PREFIX, temporaryBeside } from './atomic-file.js';
import { systemErrorCode, userError } from './errors.js';

/** What a file holds that a command writes again and again, so that it replaces its own and nothing else. */
export interface OutputKind {
  /** As in 'is no …': 'manifest'. */
  readonly what: string;
  /** True for the beginning (at most a MiB) of what ocrpipe writes there; an empty file is never asked about. */
  readonly owns: (head: string) => boolean;
}

/** A file that a command is about to write, or replace. */
export interface OutputFile {
  /** Which flag says so: '--out'. */
  readonly flag: string;
  /** Absolute. */
  readonly path: string;
  readonly kind: OutputKind;
}

const HEAD_BYTES = 1024 * 1024;

/** The absolute path of an output as it was typed; `output-unusable` (exit code 2) for an empty one. */
export function outputPath(flag: string, cwd: string, typed: string): string {
  if (typed !== '') return resolve(cwd, typed);
  throw userError('output-unusable', `${flag} is empty`, { hint: 'Name what is to be written.' });
}

/** The same for a file, with what it is to hold; a name with a slash at its end is that of a folder. */
export function outputFile(flag: string, cwd: string, typed: string, kind: OutputKind): OutputFile {
  const path = outputPath(flag, cwd, typed);
  if (/[/\\]$/.test(typed)) throw unusable({ flag, path: typed }, 'that names a folder');
  return { flag, path, kind };
}

/**
 * Refuses outputs before any work is done for them (exit code 2): `output-unusable` for one that could not be written,
 * `output-is-input` for one that is among `inputs` (the same file, whatever path or link leads to it),
 * `output-named-twice`, and `output-foreign` for a file that is there and that ocrpipe did not write.
 */
export function checkOutputFiles(files: readonly OutputFile[], inputs: readonly string[]): void {
  const places = new Map<string, OutputFile>();
  const read = inputs.map(identityOf);
  for (const file of files) {
    const there = checkPlace(file, 'file');
    const identity = identityOf(file.path);
    if (read.some((input) => isSame(input, identity))) throw isInput(file.flag, file.path);
    const twin = places.get(identity.place);
    if (twin !== undefined) throw namedTwice(file, twin);
    places.set(identity.place, file);
    if (there !== undefined && there.size > 0 && !file.kind.owns(headOf(file.path))) throw foreign(file);
  }
}

/**
 * Refuses a folder that could not be written into (`output-unusable`). `replaces` are the inputs that a command which
 * replaces the whole folder must not find in it (`output-is-input`).
 */
export function checkOutputFolder(flag: string, path: string, replaces: readonly string[] = []): void {
  checkPlace({ flag, path }, 'folder');
  removeAbandonedIn(dirname(path)); // a folder that is replaced as a whole is made there
  const { place } = identityOf(path);
  const inside = replaces.find((input) => `${identityOf(input).place}/`.startsWith(`${place}/`));
  if (inside !== undefined) throw isInput(flag, inside);
}

/** Refuses (`output-is-input`) an output folder that is one of the folders that the same command reads, or lies in one. */
export function checkOutsideOf(flag: string, path: string, folders: readonly string[]): void {
  const { place } = identityOf(path);
  const around = folders.find((input) => `${place}/`.startsWith(`${identityOf(input).place}/`));
  if (around === undefined) return;
  throw userError('output-is-input', `${flag} would be written into ${around}, which this command reads`, {
    hint: `Give ${flag} another name.`,
  });
}

/** Refuses (`output-foreign`) to put files of ours, told by `owns` from their names, among others. */
export function checkAmongOwn(flag: string, folder: string, owns: (name: string) => boolean): void {
  const names = lookAt({ flag, path: folder }, folder) === undefined ? [] : readdirSync(folder);
  const other = names.find((name) => !owns(name) && !name.startsWith(TEMPORARY_PREFIX));
  if (other === undefined) return;
  throw userError(
    'output-foreign',
    `${flag} would be written into ${folder}, which holds other things (${other})`,
    {
      hint: `Name a folder of its own for ${flag}.`,
    },
  );
}

/** What stands at the path, if it is of the right kind and can be written; links are followed. */
function checkPlace(output: Pick<OutputFile, 'flag' | 'path'>, kind: 'file' | 'folder'): Stats | undefined {
  const { path } = output;
  const there = lookAt(output, path);
  if (there === undefined) {
    tryToWrite(output, existingFolder(output, dirname(path)));
    return undefined;
  }
  if (kind === 'folder' && !there.isDirectory()) throw unusable(output, 'it is no folder');
  if (kind === 'file' && there.isDirectory()) throw unusable(output, 'it is a folder');
  if (kind === 'file' && !there.isFile()) throw unusable(output, 'it is no regular file');
  tryToWrite(output, kind === 'folder' ? path : dirname(path));
  return there;
}

function lookAt(output: Pick<OutputFile, 'flag' | 'path'>, path: string): Stats | undefined {
  try {
    const link = lstatSync(path, { throwIfNoEntry: false });
    const there = statSync(path, { throwIfNoEntry: false });
    if (link !== undefined && there === undefined) throw unusable(output, `${path} is a link to nothing`);
    return there;
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    throw unusable(output, reasonOf(error, path), error);
  }
}

/** The nearest folder above that is there: the others would be made in it. */
function existingFolder(output: Pick<OutputFile, 'flag' | 'path'>, path: string): string {
  const there = lookAt(output, path);
  if (there === undefined) return existingFolder(output, dirname(path));
  if (!there.isDirectory()) throw unusable(output, `${path} is no folder`);
  return path;
}

/**
 * Rights alone do not tell: a file system may be read-only, full, or no real one. What killed commands left there is removed
 * first: nobody else would ever look for it.
 */
function tryToWrite(output: Pick<OutputFile, 'flag' | 'path'>, folder: string): void {
  removeAbandonedIn(folder);
  const probe = temporaryBeside(join(folder, 'probe'));
  try {
    closeSync(openSync(probe, 'wx'));
    rmSync(probe);
  } catch (error) {
    throw unusable(output, reasonOf(error, folder), error);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOTDIR: 'a file stands where a folder belongs',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'its links lead in a circle',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
};

function reasonOf(error: unknown, folder: string): string {
  const code = systemErrorCode(error) ?? 'it failed';
  return REASONS[code] ?? `${folder} does not let it be written (${code})`;
}

/** Which file a path leads to, also where its last parts are not there yet. */
interface Identity {
  readonly place: string;
  readonly stat: Stats | undefined;
}

function identityOf(path: string): Identity {
  const stat = statIfThere(path);
  return { place: placeOf(path), stat };
}

/** A path with all links followed, in the spelling of the file system. */
function placeOf(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return dirname(path) === path ? path : join(placeOf(dirname(path)), basename(path));
  }
}

/**
 * A name of its own for the same bytes (a hard link, as checkouts make them) is another file: replacing one leaves the
 * other. But a file with a single name is the same however it was reached, through a bind mount say.
 */
function isSame(a: Identity, b: Identity): boolean {
  if (a.place === b.place) return true;
  if (!a.stat || !b.stat) return false;
  return a.stat.ino === b.stat.ino && a.stat.dev === b.stat.dev && a.stat.nlink === 1 && a.stat.isFile();
}

function statIfThere(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function headOf(path: string): string {
  const bytes = Buffer.alloc(HEAD_BYTES);
  const fd = openSync(path, 'r');
  try {
    return bytes.subarray(0, readSync(fd, bytes, 0, HEAD_BYTES, 0)).toString('utf8');
  } finally {
    closeSync(fd);
  }
}

function unusable({ flag, path }: Pick<OutputFile, 'flag' | 'path'>, reason: string, cause?: unknown): Error {
  return userError('output-unusable', `${flag} cannot be written to ${path}: ${reason}`, {
    hint: `Correct ${flag}, or what stands in its way.`,
    ...(cause === undefined ? {} : { cause }),
  });
}

function isInput(flag: string, path: string): Error {
  return userError('output-is-input', `${flag} would overwrite ${path}, which this command reads`, {
    hint: `Give ${flag} another name.`,
  });
}

function namedTwice(file: OutputFile, twin: OutputFile): Error {
  const flags = file.flag === twin.flag ? file.flag : `${twin.flag} and ${file.flag}`;
  return userError('output-named-twice', `${flags} would both be written to ${file.path}`, {
    hint: `Give ${file.flag} another name.`,
  });
}

function foreign({ flag, path, kind }: OutputFile): Error {
  return userError('output-foreign', `${flag} would overwrite ${path}, which is no ${kind.what} of ocrpipe`, {
    hint: 'Name another file; or move this one away, if it is not needed.',
  });
}
