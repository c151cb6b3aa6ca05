import { existsSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { userError, type OcrpipeError } from '../base/errors.js';
import { repoPath, type AbsPath, type RepoPath } from '../base/paths.js';
import { findWorkTree } from './find-work-tree.js';

/** Where another git repository is. */
export interface RepositoryAddress {
  /** As people and pointers name it. */
  readonly text: string;
  /** What git is given: always a URL, so that no repository is used in place. */
  readonly url: string;
  /** The repository, if it is a folder of this machine. */
  readonly folder?: AbsPath;
  /** What was named lies so deep in the repository: '.' for its top. */
  readonly below: RepoPath;
}

/** Ways that git itself fetches by. Helpers, which are programs that an address names, are none of them. */
export const REPOSITORY_SCHEMES = ['https', 'http', 'ssh', 'git', 'file'];

/**
 * Reads the address of a git repository: a folder (relative to `from`), `https://…`, `ssh://…`, `git@host:path`. Throws
 * `repository-address` (exit code 2), also for a password in it: an address ends up in pointers, which git shares.
 */
export function parseRepository(text: string, from: string): RepositoryAddress {
  if (text === '' || text.startsWith('-') || /\p{Cc}/u.test(text)) {
    throw refused(`'${text}' is no address of a git repository`);
  }
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme !== undefined) return urlAddress(text, scheme);
  const folder = resolve(from, text);
  if (existsSync(folder)) return folderAddress(text, folder);
  if (/^[^/:]+::/.test(text)) throw refused(`'${text}' names a program that would fetch it`);
  if (/^[^/:]+:./.test(text)) return { text, url: text, below: repoPath('.') };
  throw refused(`there is no folder ${folder}`);
}

function urlAddress(text: string, scheme: string): RepositoryAddress {
  if (!REPOSITORY_SCHEMES.includes(scheme)) throw refused(`repositories are not fetched by '${scheme}'`);
  if (/^[^/]*\/\/[^/]*:[^/]*@/.test(text)) {
    throw userError('repository-address', 'there is a password in the address of the repository', {
      hint: "Leave it out: git asks its credential helper ('git help credentials').",
    });
  }
  return { text, url: text, below: repoPath('.') };
}

function folderAddress(text: string, folder: string): RepositoryAddress {
  const real = realpathSync(folder) as AbsPath;
  if (!statSync(real).isDirectory()) throw refused(`${folder} is a file, no repository`);
  const top = findWorkTree(real) ?? real;
  const inside = relative(top, real);
  const below = inside === '' || isAbsolute(inside) ? '.' : inside.split(sep).join('/');
  return { text, url: pathToFileURL(top).href, folder: top, below: repoPath(below) };
}

function refused(reason: string): OcrpipeError {
  return userError('repository-address', reason, {
    hint: 'Give a folder, https://host/path, ssh://host/path or user@host:path.',
  });
}
