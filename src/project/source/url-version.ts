import { resolve } from 'node:path';
import { OcrpipeError, userError } from '../../base/errors.js';
import { findRemote, type NamedRemote } from '../../config/remotes.js';
import { modifying } from '../../remote/backends/correction.js';
import { parseRemoteUrl } from '../../remote/backends/remote-url.js';
import type { Workspace } from '../workspace.js';
import { parseFileAddress, withoutQuery, type FileAddress, type S3Access } from './file-address.js';
import { describeFolder } from './s3-folder.js';
import { describeObject } from './s3-file.js';
import { refusedBy, unreachable } from './url-file.js';

/** An address that a stage depends on; `remote` says how its bucket is reached. */
export interface WatchedUrl {
  url: string;
  remote?: string;
}

/**
 * Which version of something elsewhere there is now, as one text ('etag "5d41"', 'modified Tue, …'), without its bytes. A bucket is reached as the
 * named remote is, or one of the configuration that is in it. Throws `url-missing`, `url-denied`, `url-unreachable`,
 * `url-without-version`, and what any S3 remote throws.
 */
export async function urlVersion(workspace: Workspace, { url, remote }: WatchedUrl): Promise<string> {
  const address = parseFileAddress(url);
  if (address.kind === 'http') return httpVersion(address.url, workspace.signal);
  const settings = remoteOf(workspace, address, remote);
  const access = settings ? accessOf(settings, workspace.root) : {};
  const options = { access, correct: modifying(settings?.name), signal: workspace.signal };
  if (address.kind === 's3-folder') return `listing ${await describeFolder(address, options)}`;
  return `etag ${(await describeObject(address, options)).etag}`;
}

async function httpVersion(url: URL, signal: AbortSignal): Promise<string> {
  const { status, ok, headers } = await ask(url, signal);
  if (!ok) throw refusedBy(url, status);
  const [etag, modified] = [headers.get('etag'), headers.get('last-modified')];
  if (etag !== null) return `etag ${etag}`;
  if (modified !== null) return `modified ${modified}`;
  throw userError(
    'url-without-version',
    `the server of ${withoutQuery(url.href)} does not say which version it has`,
    {
      hint: `It sends neither ETag nor Last-Modified: only a download tells. 'ocrpipe import-url' tracks a copy, which a stage can depend on, and 'ocrpipe update' asks for another.`,
    },
  );
}

/** Some servers answer no question about a file, only for the file: then no more than the head of that answer is taken. */
async function ask(url: URL, signal: AbortSignal): Promise<Response> {
  const headers = { 'accept-encoding': 'identity' };
  try {
    const head = await fetch(url, { method: 'HEAD', headers, signal });
    if (head.status !== 405 && head.status !== 501) return head;
    const whole = await fetch(url, { headers, signal });
    await whole.body?.cancel();
    return whole;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof OcrpipeError) throw error;
    throw unreachable(url, error, 'asked for');
  }
}

type InBucket = Extract<FileAddress, { bucket: string }>;

function accessOf(
  { endpoint, region, profile, pathStyle, anonymous, caBundle }: NamedRemote,
  root: string,
): S3Access {
  return {
    ...(endpoint !== undefined && { endpoint }),
    ...(region !== undefined && { region }),
    ...(pathStyle !== undefined && { pathStyle }),
    ...(anonymous !== undefined && { anonymous }),
    profile,
    caBundle: caBundle === undefined ? undefined : resolve(root, caBundle),
  };
}

/** The remote that is named, or else the first one in the same bucket. */
function remoteOf(
  { settings, root }: Workspace,
  { bucket }: InBucket,
  named: string | undefined,
): NamedRemote | undefined {
  if (named !== undefined) return findRemote(settings, named);
  const [name] =
    Object.entries(settings.remotes).find(([, { url }]) => {
      const place = parseRemoteUrl(url, root);
      return place.kind === 's3' && place.bucket === bucket;
    }) ?? [];
  return name === undefined ? undefined : findRemote(settings, name);
}
