import { join, posix } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.js';
import type { WholeFile } from '../../base/atomic-files.js';
import { systemErrorCode } from '../../base/errors.js';
import { groupBy } from '../../base/group-by.js';
import type { AbsPath, RepoPath } from '../../base/paths.js';
import { readRegularFile } from '../../base/regular-file.js';
import { bytePath } from '../byte-path.js';
import { stagingOf } from '../staging.js';

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

/** The `.gitignore` files that lack the entry of one of `paths`, with all of these; the lines of others stay as they are. */
export function gitignoresWith(root: AbsPath, paths: readonly RepoPath[]): WholeFile[] {
  return [...groupBy(paths, gitignoreOf)].flatMap(([name, some]) => {
    const file = join(root, name);
    const before = readIfThere(file) ?? '';
    const there = new Set(linesOf(before));
    const entries = some.map(entryBytes).filter((entry) => !there.has(entry));
    if (entries.length === 0) return [];
    const end = before.includes('\r\n') ? '\r\n' : '\n';
    const gap = before === '' || before.endsWith('\n') ? '' : end;
    return [wholeFile(file, `${before}${gap}${entries.map((entry) => `${entry}${end}`).join('')}`)];
  });
}

/** The `.gitignore` files that have the entry of one of `paths`, without these. */
export function gitignoresWithout(root: AbsPath, paths: readonly RepoPath[]): WholeFile[] {
  return [...groupBy(paths, gitignoreOf)].flatMap(([name, some]) => {
    const file = join(root, name);
    const before = readIfThere(file) ?? '';
    const entries = new Set(some.map(entryBytes));
    const lines = before.split(/(?<=\n)/);
    const kept = lines.filter((line) => !entries.has(line.replace(/\r?\n$/, '')));
    return kept.length === lines.length ? [] : [wholeFile(file, kept.join(''))];
  });
}

/** Adds the entry of `path` unless it stands there. */
export function addToGitignore(root: AbsPath, path: RepoPath): void {
  writeEach(root, gitignoresWith(root, [path]));
}

/** Takes the entry of `path` out again; a file that holds nothing else stays, empty, because people may have committed it. */
export function removeFromGitignore(root: AbsPath, path: RepoPath): void {
  writeEach(root, gitignoresWithout(root, [path]));
}

function writeEach(root: AbsPath, files: readonly WholeFile[]): void {
  for (const { path, content } of files) writeFileAtomic(path, content, { staging: stagingOf(root) });
}

function entryBytes(path: RepoPath): string {
  return bytePath(gitignoreEntry(path));
}

/** The lines of a `.gitignore`, as bytes; none if there is no such file that can be read. */
export function gitignoreLines(root: AbsPath, file: RepoPath): string[] {
  try {
    return linesOf(readIfThere(join(root, file)) ?? '');
  } catch {
    return [];
  }
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

function wholeFile(path: string, latin1: string): WholeFile {
  return { path, content: Buffer.from(latin1, 'latin1') };
}
