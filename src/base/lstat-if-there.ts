import { lstatSync, type Stats } from 'node:fs';
import { systemErrorCode } from './errors.js';

/** The stat of a path itself, a link not followed; undefined if nothing is there, as below a file. */
export function lstatIfThere(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (systemErrorCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}
