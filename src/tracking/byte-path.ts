import { isUtf8 } from 'node:buffer';
import { userError, type OcrpipeError } from '../base/errors.js';
import type { RepoPath } from '../base/paths.js';
import { textOfBytes } from '../base/byte-text.js';

/**
 * A path as raw bytes, one character a byte (latin1), '/'-separated: names on disk need not be UTF-8, and reading them as
 * such would destroy them.
 */
export type BytePath = string & { readonly __brand: 'BytePath' };

/** Characters of a path that is too long which are shown. */
const SHOWN = 160;

const ASCII = /^[\0-\x7f]*$/;

export function bytePath(path: string): BytePath {
  return (ASCII.test(path) ? path : Buffer.from(path, 'utf8').toString('latin1')) as BytePath;
}

/** A path in the form that `node:fs` takes: exactly these bytes. */
export function fsPath(path: BytePath): string | Buffer {
  return ASCII.test(path) ? path : Buffer.from(path, 'latin1');
}

/** Like `fsPath`, for many names of one folder. */
export function fsPathsIn(folder: BytePath): (name: string) => string | Buffer {
  const prefix = `${folder}/`;
  if (!ASCII.test(folder)) return (name) => Buffer.from(prefix + name, 'latin1');
  return (name) => (ASCII.test(name) ? prefix + name : Buffer.from(prefix + name, 'latin1'));
}

export function joinBytes(folder: BytePath, name: string): BytePath {
  return (folder === '' || folder === '.' ? name : `${folder}/${name}`) as BytePath;
}

/** The bytes that a text of `textOfBytes` stands for. */
export function bytesOfText(text: string): BytePath {
  const parts = text.split(/\\x([0-9a-f]{2})/);
  return parts
    .map((part, index) => (index % 2 === 0 ? bytePath(part) : String.fromCharCode(Number.parseInt(part, 16))))
    .join('') as BytePath;
}

/**
 * The beginning of a path, given as text of `textOfBytes`, up to the first name that is not UTF-8: as plain text, without
 * escapes; '' if already its first name is none. What people type of a path that they were shown.
 */
export function utf8Beginning(text: string): string {
  const names: string[] = [];
  for (const name of text.split('/')) {
    // Only what is ever escaped: a name must not become two, or none.
    const bytes = name
      .split(/\\x(5c|[89a-f][0-9a-f])/)
      .map((part, index) => (index % 2 === 0 ? Buffer.from(part) : Buffer.from(part, 'hex')));
    const plain = Buffer.concat(bytes);
    if (!isUtf8(plain)) break;
    names.push(plain.toString('utf8'));
  }
  return names.join('/');
}

/** This system takes no name or path of that length: `path` (absolute), or the name at its end. */
export function pathTooLong(path: BytePath, cause: unknown): OcrpipeError {
  const text = textOfBytes(path);
  const shown = text.length > SHOWN ? `${text.slice(0, SHOWN / 2)}…${text.slice(-SHOWN / 2)}` : text;
  const bytes = `${path.length} bytes, its last name ${path.length - path.lastIndexOf('/') - 1}`;
  return userError('path-too-long', `the path ${shown} is longer than this system takes: ${bytes}`, {
    hint: 'Shorten names, or keep the workspace in a folder with a shorter path: mostly 4,095 bytes in all and 255 in each name can be.',
    cause,
  });
}

/** A workspace path with what stands below it, as text. */
export function textBelow(path: RepoPath, below: string): string {
  return below === '' ? path : `${path}/${textOfBytes(below)}`;
}
