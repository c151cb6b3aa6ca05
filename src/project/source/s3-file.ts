import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BufferPool } from '../../base/buffer-pool.js';
import { contentIdOf, type ContentId } from '../../base/content-id.js';
import { OcrpipeError, userError } from '../../base/errors.js';
import type { EventSink } from '../../base/events.js';
import type { Described } from '../../remote/backends/remote.js';
import { continueDownload, MOST_RANGES, takeOver } from '../../remote/fetch/resumable-download.js';
import { FOLDERS } from '../../store/format.js';
import type { LocalStore } from '../../store/local-store.js';
import type { UrlSource } from '../../tracking/pointers/import-source.js';
import type { Snapshot } from '../../tracking/workspace-files.js';
import type { FileAddress } from './file-address.js';
import { given, sharedAccess, withBucket, type S3Options, type SourceBucket } from './source-bucket.js';
import { keepDownloaded, type UrlFile } from './url-file.js';

/** One object of a bucket. */
export type ObjectAddress = Extract<FileAddress, { kind: 's3' }>;

export interface S3DownloadOptions extends S3Options {
  store: LocalStore;
  /** Where the bytes go, if not into the store; they stand in a file of its `tmp/`. */
  take?: (file: string, snapshot: Snapshot) => Promise<void>;
  events: EventSink;
}

/** Reads it once more where it changed meanwhile. */
const READS = 2;

/**
 * Downloads an object into the store, by ranges of one version of it; undefined if its etag is still the known one. What an interrupted
 * call left is taken up. Where the server keeps a SHA-256 the bytes are compared with it. Throws `url-missing`,
 * `url-denied`, `source-differs`, and what any S3 remote throws.
 */
export async function downloadObject(
  address: ObjectAddress,
  options: S3DownloadOptions & { known?: UrlSource },
): Promise<UrlFile | undefined> {
  return withBucket(address, options, async (remote) => {
    for (let read = 1; ; read += 1) {
      const there = await describe(remote, address, options.signal);
      if (options.known !== undefined && there.etag === options.known.etag) return undefined;
      try {
        return await downloadVersion(remote, { address, there }, options);
      } catch (error) {
        const changed = error instanceof OcrpipeError && error.code === 'remote-changed';
        if (!changed || read === READS) throw error;
      }
    }
  });
}

/** What the server says of an object now, without its bytes. Throws `url-missing` and `url-denied`. */
export function describeObject(address: ObjectAddress, options: S3Options): Promise<Described> {
  return withBucket(address, options, (remote) => describe(remote, address, options.signal));
}

async function describe(
  remote: SourceBucket,
  { url, key, version }: ObjectAddress,
  signal: AbortSignal,
): Promise<Described> {
  const there = await remote.describe(key, { version, signal });
  if (there !== undefined) return there;
  // The answer to a question about an object does not say that the bucket is what is missing; that to a read does.
  await remote.get(key, { version, signal });
  if (version !== undefined) throw noVersion(url, version);
  throw userError('url-missing', `there is no object ${url}`, {
    hint: `Check the key: 'aws s3 ls ${url.slice(0, url.lastIndexOf('/') + 1)}' lists what is beside it.`,
  });
}

function noVersion(url: string, version: string): OcrpipeError {
  return userError('url-missing', `there is no version ${version} of ${url}`, {
    hint: "Check it: 'aws s3api list-object-versions' lists those that the bucket keeps.",
  });
}

async function downloadVersion(
  remote: SourceBucket,
  { address, there }: { address: ObjectAddress; there: Described },
  options: S3DownloadOptions,
): Promise<UrlFile> {
  const { store, events, signal, access } = options;
  const { url, key, version: pinned } = address;
  const { size, etag, version: versionId } = there;
  const version = contentIdOf([url, access.endpoint ?? '', etag, String(size)].join('\n'));
  const temporary = await takeOver(join(store.root, FOLDERS.tmp), version);
  let done = 0;
  const onBytes = (bytes: number): void => {
    done += bytes;
    events({ type: 'progress', key: 'download', done, total: size, unit: 'bytes' });
  };
  const buffers = new BufferPool(MOST_RANGES, { shared: true });
  // Whoever may read an object may not always read its versions: only one that was asked for is named.
  const ranged = { remote, key, size, etag, buffers, ...(pinned !== undefined && { version: pinned }) };
  try {
    const id = (await continueDownload({ ...ranged, signal, onBytes }, temporary)) as ContentId;
    if (there.sha256 !== undefined && there.sha256 !== id) throw await damaged(url, temporary);
    const snapshot = await keepDownloaded({ temporary, id }, options);
    const which = pinned === undefined ? given({ versionId }) : { versionId: pinned, pinned: true };
    return { snapshot, source: { url, etag, ...which, ...sharedAccess(access) } };
  } finally {
    events({ type: 'progress-end', key: 'download' });
  }
}

async function damaged(url: string, temporary: string): Promise<OcrpipeError> {
  await rm(temporary, { force: true });
  return new OcrpipeError(
    'source-differs',
    `the bytes of ${url} that arrived have not the SHA-256 that its server keeps`,
    {
      hint: 'Nothing was stored. Run the command again; if it stays so, the object is damaged there.',
    },
  );
}
