import { lstatSync, readdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { posix } from 'node:path';
import type { AbsPath, RepoPath } from '../base/paths.js';
import { writePoint } from '../base/write-points.js';
import { bytePath, fsPath, joinBytes, type BytePath } from './byte-path.js';
import { besideBytes } from './checkout/write-files.js';

/** The end of the path of a large blob in a store. */
const OBJECT_PATH = /\/objects\/[0-9a-f]{2}\/[0-9a-f]{62}$/;

/**
 * Corrects what stands at `to`, and stood at `from` when its symbolic links were made: relative ones that led to a file of a store then
 * lead there again, each by one rename. Links that lead there already, and all others, are left: again does nothing.
 */
export function correctStoreLinks(root: AbsPath, from: RepoPath, to: RepoPath): void {
  if (posix.dirname(from) === posix.dirname(to)) return;
  const [before, now] = [from, to].map((path) => joinBytes(bytePath(root), bytePath(path)));
  correct(before!, now!);
}

function correct(before: BytePath, now: BytePath): void {
  const stat = lstatSync(fsPath(now), { throwIfNoEntry: false });
  if (stat?.isSymbolicLink() === true) correctLink(before, now);
  if (stat?.isDirectory() !== true) return;
  for (const name of readdirSync(fsPath(now), 'latin1'))
    correct(joinBytes(before, name), joinBytes(now, name));
}

function correctLink(before: BytePath, now: BytePath): void {
  const target = readlinkSync(fsPath(now), 'latin1');
  if (target.startsWith('/') || !OBJECT_PATH.test(`/${target}`)) return;
  const object = posix.resolve(posix.dirname(before), target) as BytePath;
  if (lstatSync(fsPath(object), { throwIfNoEntry: false })?.isFile() !== true) return;
  const temporary = besideBytes(now);
  try {
    symlinkSync(fsPath(posix.relative(posix.dirname(now), object) as BytePath), fsPath(temporary));
    writePoint();
    renameSync(fsPath(temporary), fsPath(now));
  } finally {
    rmSync(fsPath(temporary), { force: true });
  }
}
