import { isUtf8 } from 'node:buffer';
import { lstatSync, type Stats } from 'node:fs';
import { fsPath, fsPathsIn, type BytePath } from '../byte-path.js';
import { statAt, typedNamesIn } from './look.js';

/** The stat of a name, like `statAt`. */
export type StatOf = (name: string) => Stats | undefined;

/** To enter a folder and leave it again costs as much as a look at two names. */
const MANY_NAMES = 16;
/** What follows on a look at names should not be long after it. */
const AT_ONCE = 256;

/**
 * Looks at names of one folder (absolute), which, where there are many, is the working folder of the process meanwhile: the system then need not
 * walk the folder's path for each of them, a fifth of what a look costs. `look` is synchronous, so nobody else sees the change; where
 * the folder cannot be entered (on a thread, by a path that is no text), names are looked at by their whole paths.
 */
export function lookInFolder<T>(folder: BytePath, names: number, look: (statOf: StatOf) => T): T {
  const pathOf = fsPathsIn(folder);
  const statOf: StatOf = (name) => statAt(pathOf(name));
  const home = names < MANY_NAMES ? undefined : enter(folder);
  if (home === undefined) return look(statOf);
  try {
    return look((name) => nearby(name, statOf));
  } finally {
    leaveTo(home);
  }
}

/** What a look at a name found: its stat, that it is a regular file of which no more is asked, or nothing. */
export type Seen = Stats | 'file' | undefined;

/**
 * The names in a folder, in the order of their bytes, with what each is. Of regular files for which `isEnough` no stat is taken: to open them
 * tells as much.
 */
export function* lookAtNames(
  folder: BytePath,
  isEnough: (name: string) => boolean,
): Generator<readonly [string, Seen]> {
  const { names, others } = typedNamesIn(folder);
  for (let from = 0; from < names.length; from += AT_ONCE) {
    const some = names.slice(from, from + AT_ONCE);
    yield* lookInFolder(folder, names.length, (statOf) =>
      some.map((name) => [name, !others.has(name) && isEnough(name) ? 'file' : statOf(name)] as const),
    );
  }
}

/** The working folder that was left for it; undefined if it could not be entered. */
function enter(folder: BytePath): string | undefined {
  const path = fsPath(folder);
  if (typeof path !== 'string' && !isUtf8(path)) return undefined;
  try {
    const home = process.cwd();
    process.chdir(path.toString());
    return home;
  } catch {
    return undefined;
  }
}

function leaveTo(home: string): void {
  try {
    process.chdir(home);
  } catch {
    // It was removed or closed to us meanwhile. All that ocrpipe opens or starts has a whole path.
  }
}

function nearby(name: string, statOf: StatOf): Stats | undefined {
  try {
    return lstatSync(fsPath(name as BytePath), { throwIfNoEntry: false });
  } catch {
    // The same again, for an error that names the whole path.
    return statOf(name);
  }
}
