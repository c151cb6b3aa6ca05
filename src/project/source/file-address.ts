import { posix } from 'node:path';
import { userError, type OcrpipeError } from '../../base/errors.js';
import type { UrlSource } from '../../tracking/pointers/import-source.js';

/** Where a single file is that can be downloaded, or a folder of a bucket: all objects whose keys begin with `prefix`. */
export type FileAddress =
  | { kind: 'http'; url: URL }
  | { kind: 's3'; url: string; bucket: string; key: string; version?: string }
  | { kind: 's3-folder'; url: string; bucket: string; prefix: string };

/** How an S3 object is reached, as far as a pointer says it: what holds for everybody. */
export type SharedAccess = Pick<UrlSource, 'endpoint' | 'region' | 'pathStyle' | 'anonymous'>;

/** And what is this machine's own, or this user's. */
export interface S3Access extends SharedAccess {
  profile?: string | undefined;
  /** File of certificates to trust besides; absolute. */
  caBundle?: string | undefined;
}

/** Parts of a query by which whoever has the address may read: they belong into no pointer. */
const SECRET_QUERY =
  /^(?:x-amz-(?:signature|credential|security-token)|x-goog-signature|signature|sig|token|access_token|key|api_key)$/i;

/** Refuses what is no address of a file, and addresses with a secret in them (`url-refused`, exit code 2). */
export function parseFileAddress(text: string): FileAddress {
  if (/^s3:\/\//i.test(text)) return parseObjectAddress(text);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['https:', 'http:'].includes(url.protocol)) {
    throw refused(
      `'${withoutQuery(text)}' is no address that files are downloaded from`,
      'Give https://host/path or s3://bucket/key.',
    );
  }
  const secret = [...url.searchParams.keys()].find((name) => SECRET_QUERY.test(name));
  if (url.username !== '' || url.password !== '' || secret !== undefined) {
    throw refusedSecret(secret === undefined ? 'a user name or password' : `the secret '${secret}'`);
  }
  return { kind: 'http', url };
}

/** Refuses access to a bucket for an address that is in none, and an endpoint that is no address or has a password in it. */
export function checkAccess(access: S3Access, { kind }: FileAddress): void {
  const [option] = Object.entries(access).find(([, value]) => value !== undefined) ?? [];
  if (option !== undefined && kind === 'http') {
    throw refused(
      'the address is none of a bucket',
      'Leave out what is said of one, or give s3://bucket/key.',
    );
  }
  const { endpoint } = access;
  if (endpoint === undefined) return;
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || !['https:', 'http:'].includes(url.protocol)) {
    throw refused(
      `the endpoint '${withoutQuery(endpoint)}' is no address`,
      'Give https://host or http://host:port.',
    );
  }
  if (url.username !== '' || url.password !== '') throw refusedSecret('a user name or password');
}

/** Another version of an object, where its bucket keeps several; the newest if undefined. Throws `url-refused` for what has none. */
export function versionOf(address: FileAddress, version: string | undefined): FileAddress {
  if (address.kind !== 's3') {
    if (version === undefined) return address;
    throw refused('only an object of a bucket has versions', 'Leave out --version-id.');
  }
  const { version: named, ...newest } = address;
  if (version !== undefined && named !== undefined && named !== version) {
    throw refused('the address and --version-id name two versions', 'Name one of them.');
  }
  const chosen = version ?? named;
  return chosen === undefined ? newest : { ...newest, version: chosen };
}

const VERSION_QUERY = /^(.+)\?versionId=([^?&]+)$/s;

/** The key is taken as it stands: it may have any characters, but an end that names a version. */
function parseObjectAddress(text: string): FileAddress {
  const [, bucket = '', rest = ''] = /^s3:\/\/([^/]*)\/?(.*)$/is.exec(text) ?? [];
  const [, key = rest, version] = VERSION_QUERY.exec(rest) ?? [];
  if (bucket.includes('@')) throw refusedSecret('a user name or password');
  if (bucket === '' || /\p{Cc}/u.test(text)) {
    throw refused(`'${text.replaceAll(/\p{Cc}/gu, '?')}' names no object`, 'Give s3://bucket/key.');
  }
  const url = `s3://${bucket}/${key}`;
  if (text.endsWith('/')) return { kind: 's3-folder', url, bucket, prefix: key };
  if (key === '' || key.endsWith('/')) {
    throw refused(`${text} names no object`, 'Give s3://bucket/key, or s3://bucket/prefix/ for a folder.');
  }
  return { kind: 's3', url, bucket, key, ...(version !== undefined && { version }) };
}

/** The last name of an address; its host, or bucket, where it has none. */
export function fileNameOf(address: FileAddress): string {
  if (address.kind === 's3') return posix.basename(address.key);
  if (address.kind === 's3-folder') return posix.basename(address.prefix) || address.bucket;
  return decodeURIComponent(posix.basename(address.url.pathname)) || address.url.hostname;
}

/** An address without what may be a secret. */
export function withoutQuery(text: string): string {
  return text.replace(/[?#].*$/s, '').replace(/\/\/[^/]*@/, '//…@');
}

function refusedSecret(what: string): OcrpipeError {
  return refused(
    `there is ${what} in the address`,
    "A pointer would show it to all who have the repository: download the file, and 'ocrpipe add' it.",
  );
}

function refused(message: string, hint: string): OcrpipeError {
  return userError('url-refused', message, { hint });
}
