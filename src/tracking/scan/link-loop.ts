import { statSync } from 'node:fs';
import { posix } from 'node:path';
import { systemErrorCode, userError } from '../../base/errors.js';
import { textOfBytes } from '../../base/byte-text.js';
import { fsPath, joinBytes, type BytePath } from '../byte-path.js';
import { IGNORE_FILE } from '../ignore/ignore-rules.js';
import { statAt, targetOf } from './look.js';

/** Links of a loop that are named at most. */
const NAMED = 8;

/**
 * Refuses, with `link-loop`, a link at `path` (below `root`) that leads to itself, be it through others: every program that opens
 * it fails. A link to a folder around it is none, for it can be opened.
 */
export function refuseLoop(root: BytePath, path: BytePath): void {
  if (canBeFollowed(joinBytes(root, path))) return;
  const names = loopFrom(root, path).map((each) => textOfBytes(each));
  throw userError('link-loop', `${textOfBytes(path)} leads to itself: ${names.join(' -> ')}`, {
    hint: `No program can open such a link: remove one of them, or leave them out in ${IGNORE_FILE}.`,
  });
}

function canBeFollowed(link: BytePath): boolean {
  try {
    statSync(fsPath(link), { throwIfNoEntry: false });
    return true;
  } catch (error) {
    // Anything else is said where it matters: to keep a link nobody need follow it.
    return systemErrorCode(error) !== 'ELOOP';
  }
}

/** The links from `path` on, up to the first that was met before, or that leads through the loop instead of being in it. */
function loopFrom(root: BytePath, path: BytePath): BytePath[] {
  const met: BytePath[] = [];
  for (let at: BytePath | undefined = path; at !== undefined && met.length < NAMED; at = next(root, at)) {
    if (met.includes(at)) return [...met, at];
    met.push(at);
  }
  return met;
}

function next(root: BytePath, path: BytePath): BytePath | undefined {
  const link = joinBytes(root, path);
  const target = isLink(link) ? targetOf(link) : undefined;
  return target === undefined ? undefined : (posix.join(posix.dirname(path), target) as BytePath);
}

function isLink(path: BytePath): boolean {
  try {
    return statAt(fsPath(path))?.isSymbolicLink() === true;
  } catch {
    return false;
  }
}
