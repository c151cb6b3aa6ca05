import { join, posix } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.js';
import { systemErrorCode } from '../../base/errors.js';
import type { AbsPath, RepoPath } from '../../base/paths.js';
import { readRegularFile } from '../../base/regular-file.js';
import { bytePath } from '../byte-path.js';

/** The `.gitignore` that keeps `path` out of git: the one beside it. */
export function gitignoreOf(path: RepoPath): RepoPath {
  const folder = posix.dirname(path);
  return (folder === '.' ? '.gitignore' : `${folder}/.gitignore`) as RepoPath;
}

/**
 * The line that ignores exactly `path` there: anchored, and with git's special characters escaped. A line break cannot stand
 * in a line: `?` matches it.
 */
export function gitignoreEntry(path: RepoPath): string {
  const name = posix
    .basename(path)
    .replaceAll(/[\\*?[]/g, '\\$&')
    .replaceAll(/[\r\n]/g, '?');
  return `/${name}`.replace(/ $/, '\\ ');
}

/** Adds the entry of `path` unless it stands there; the lines of others stay as they are. */
export function addToGitignore(root: AbsPath, path: RepoPath): void {
  const file = join(root, gitignoreOf(path));
  const before = readIfThere(file) ?? '';
  const entry = bytePath(gitignoreEntry(path));
  if (linesOf(before).includes(entry)) return;
  const end = before.includes('\r\n') ? '\r\n' : '\n';
  const gap = before === '' || before.endsWith('\n') ? '' : end;
  writeBytes(file, `${before}${gap}${entry}${end}`);
}

/** Takes the entry of `path` out again; a file that holds nothing else stays, empty, because people may have committed it. */
export function removeFromGitignore(root: AbsPath, path: RepoPath): void {
  const file = join(root, gitignoreOf(path));
  const before = readIfThere(file);
  const entry = bytePath(gitignoreEntry(path));
  if (before === undefined || !linesOf(before).includes(entry)) return;
  const kept = before.split(/(?<=\n)/).filter((line) => line.replace(/\r?\n$/, '') !== entry);
  writeBytes(file, kept.join(''));
}

function linesOf(text: string): string[] {
  return text.split(/\r?\n/);
}

/** The bytes of the file, one character a byte: the lines of others need not be UTF-8. */
function readIfThere(file: string): string | undefined {
  try {
    return readRegularFile(file).toString('latin1');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function writeBytes(file: string, latin1: string): void {
  writeFileAtomic(file, Buffer.from(latin1, 'latin1'));
}
