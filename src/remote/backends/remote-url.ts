import { realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type OcrpipeError, userError } from '../../base/errors.js';
import type { RemoteSettings } from '../../config/settings.js';

/** Where a remote is. */
export type RemotePlaceUrl =
  { kind: 's3'; bucket: string; prefix: string } | { kind: 'folder'; folder: string };

/** What tells the place of a remote from all others, for what is remembered of it. */
export function placeName(settings: Pick<RemoteSettings, 'url' | 'endpoint'>, root: string): string {
  const place = parseRemoteUrl(settings.url, root);
  if (place.kind === 'folder') return place.folder;
  return [`s3://${place.bucket}/${place.prefix}`, settings.endpoint].join(' ').trimEnd();
}

const CONTROL_FOLDERS = new Set(['.git', '.ocrstore']);

/**
 * Reads `s3://bucket/prefix`, `file:///folder`, or a folder (relative ones start at `root`, the workspace). `prefix` is '' or
 * ends with '/'. Throws `remote-url` (exit code 2), also for addresses with a password in them, for a kind of address with
 * fewer slashes than it has ('s3:/bucket'), and for folders that belong to git or a store, or hold the workspace: a remote in
 * them would mix its files with theirs.
 */
export function parseRemoteUrl(url: string, root: string): RemotePlaceUrl {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined) refuseMistyped(url);
  if (scheme === undefined && url !== '' && !url.includes('\0')) {
    return { kind: 'folder', folder: ownFolder(resolve(root, url), root) };
  }
  if (scheme === 'file') return { kind: 'folder', folder: ownFolder(fileFolder(url), root) };
  if (scheme === 's3') return parseS3(url.slice('s3://'.length));
  throw refused(
    scheme === undefined
      ? 'an empty address names no remote'
      : `remotes of the kind '${scheme}' are not known`,
  );
}

/** Kinds of addresses that people mean by such a beginning, however many slashes follow. */
const SCHEMES = [
  's3',
  'file',
  'http',
  'https',
  'gs',
  'gcs',
  'az',
  'azure',
  'ssh',
  'sftp',
  'ftp',
  'hdfs',
  'webdav',
];

/** Refuses what looks like an address and would be taken for a folder: 's3:/bucket', 's3:bucket', 'host:/folder'. */
function refuseMistyped(url: string): void {
  // One letter and a colon is a drive.
  const [, kind, slash, rest] = /^([a-z][a-z0-9+.-]+):(\/?)(.*)$/is.exec(url) ?? [];
  if (kind === undefined || rest === undefined) return;
  const scheme = kind.toLowerCase();
  if (slash === '' && !SCHEMES.includes(scheme)) return;
  // What stands before an '@' may be a secret: it is not repeated.
  const shown = rest.includes('@') ? '…' : rest;
  const meant = { s3: `s3://${shown}`, file: `file:///${shown}` }[scheme];
  throw userError(
    'remote-url',
    `'${kind}:${slash ?? ''}${shown}' is neither an address nor plainly a folder`,
    {
      hint:
        meant === undefined
          ? `Give s3://bucket/prefix or a folder; a folder of that name is ./${kind}:${slash ?? ''}…`
          : `Did you mean '${meant}'?`,
    },
  );
}

/** The folder, unless something else owns it. Links are followed as far as they lead anywhere. */
function ownFolder(folder: string, root: string): string {
  const real = realFolder(folder);
  const owner = real.split(sep).find((part) => CONTROL_FOLDERS.has(part.toLowerCase()));
  if (owner !== undefined)
    throw misplaced(
      `${folder} is inside ${owner}, which belongs to ${owner.toLowerCase() === '.git' ? 'git' : 'ocrpipe'}`,
    );
  const above = relative(real, realFolder(root));
  const holdsRoot = above === '' || (above.split(sep)[0] !== '..' && !isAbsolute(above));
  if (holdsRoot) throw misplaced(`${folder} holds the workspace itself`);
  return folder;
}

/** The path with links followed; what does not exist yet is taken as it is written. */
function realFolder(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    const parent = dirname(folder);
    return parent === folder ? folder : join(realFolder(parent), basename(folder));
  }
}

function misplaced(reason: string): OcrpipeError {
  return userError('remote-url', `${reason}: no remote can be there`, {
    hint: 'Name a folder for this remote alone, like ../store or /mnt/share/project.',
  });
}

function fileFolder(url: string): string {
  try {
    return fileURLToPath(url);
  } catch {
    throw refused('a file address has three slashes and no host: file:///folder');
  }
}

function parseS3(rest: string): RemotePlaceUrl {
  const [bucket = '', ...path] = rest.split('/');
  const parts = path.filter((part) => part !== '');
  // What stands before an '@' may be a secret: it is not repeated.
  if (rest.includes('@')) throw refused('credentials do not belong into an address');
  if (bucket === '' || parts.some((part) => part === '.' || part === '..')) {
    throw refused(`'s3://${rest}' names no bucket, or has '.' or '..' in its prefix`);
  }
  return { kind: 's3', bucket, prefix: parts.map((part) => `${part}/`).join('') };
}

function refused(reason: string): OcrpipeError {
  return userError('remote-url', reason, {
    hint: 'Give s3://bucket/prefix or a folder. Credentials come from the AWS environment variables, profiles or roles.',
  });
}
