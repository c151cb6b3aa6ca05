import { join } from 'node:path';
import { removeAbandonedIn } from '../../base/abandoned.js';
import { contentIdOf } from '../../base/content-id.js';
import { OcrpipeError, userError } from '../../base/errors.js';
import type { EventSink } from '../../base/events.js';
import { FOLDERS } from '../../store/format.js';
import type { UrlSource } from '../../tracking/pointers/import-source.js';
import type { Snapshot } from '../../tracking/workspace-files.js';
import type { FileAddress } from './file-address.js';
import { FolderDownload, type FolderDownloadOptions, type FolderTaker } from './folder-download.js';
import { FolderMemory, type FolderObject } from './folder-memory.js';
import { folderTree } from './folder-tree.js';
import { sharedAccess, withBucket, type S3Options, type SourceBucket } from './source-bucket.js';
import type { UrlFile } from './url-file.js';

/** All objects of a bucket whose keys begin with a prefix. */
export type FolderAddress = Extract<FileAddress, { kind: 's3-folder' }>;

interface FolderOptions extends FolderDownloadOptions, S3Options {
  /** Folder in which this machine remembers what it downloaded. */
  memory: string;
  /** Where the objects go, if not into the store. */
  takeFolder?: FolderTaker;
  events: EventSink;
}

/** Listed once more where an object changed meanwhile. */
const READS = 2;
/** So much is stored or sent, and remembered, together: what an interrupted call loses. */
const PORTION_BYTES = 64 * 1024 * 1024;
const PORTION_OBJECTS = 2000;
/** What is sent together is a pack. */
const SENT_OBJECTS = 20_000;

/**
 * Downloads the objects below a prefix into the store, or has `takeFolder` take them, as a directory; undefined if its listing is still the known one. What a former call
 * on this machine stored of them, finished or not, is taken from the store where the etag is the same. Throws `url-missing`,
 * `url-denied`, `object-name-refused`, and what any S3 remote throws.
 */
export async function downloadFolder(
  address: FolderAddress,
  options: FolderOptions & { known?: UrlSource },
): Promise<UrlFile | undefined> {
  const { known, access, signal } = options;
  return withBucket(address, options, async (remote) => {
    for (let read = 1; ; read += 1) {
      const objects = await listFolder(remote, address, signal);
      const etag = listingName(objects);
      if (known !== undefined && known.etag === etag) return undefined;
      try {
        const snapshot = await downloadAll(remote, { address, objects }, options);
        return { snapshot, source: { url: address.url, etag, ...sharedAccess(access) } };
      } catch (error) {
        const changed = error instanceof OcrpipeError && error.code === 'remote-changed';
        if (!changed || read === READS) throw error;
      }
    }
  });
}

/** By what one state of a folder is told from others; costs one listing. */
export function describeFolder(address: FolderAddress, options: S3Options): Promise<string> {
  return withBucket(address, options, async (remote) =>
    listingName(await listFolder(remote, address, options.signal)),
  );
}

async function listFolder(
  remote: SourceBucket,
  { url, prefix }: FolderAddress,
  signal: AbortSignal,
): Promise<FolderObject[]> {
  const listed = await remote.list(prefix, { etags: true, signal });
  if (listed.length === 0) {
    throw userError('url-missing', `there are no objects below ${url}`, {
      hint: `Check the prefix: 'aws s3 ls ${url.slice(0, url.slice(0, -1).lastIndexOf('/') + 1)}' lists what is beside it.`,
    });
  }
  return listed
    .map(({ key, size, etag = '' }) => ({ path: key.slice(prefix.length), size, etag }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

function listingName(objects: readonly FolderObject[]): string {
  return contentIdOf(objects.map(({ path, size, etag }) => JSON.stringify([path, size, etag])).join('\n'));
}

async function downloadAll(
  remote: SourceBucket,
  { address, objects }: { address: FolderAddress; objects: readonly FolderObject[] },
  options: FolderOptions,
): Promise<Snapshot> {
  const { store, memory: folder, access, events, takeFolder } = options;
  // Names are refused before anything is downloaded.
  const tree = folderTree(address.url, objects);
  const memory = FolderMemory.of(folder, contentIdOf([address.url, access.endpoint ?? ''].join('\n')));
  const missing = objects.filter((object) => {
    const id = memory.idOf(object);
    return id === undefined || !(takeFolder?.has(id) === true || store.has('blob', id));
  });
  const total = missing.reduce((bytes, { size }) => bytes + size, 0);
  let done = 0;
  const onBytes = (bytes: number): void => {
    done += bytes;
    events({ type: 'progress', key: 'download', done, total, unit: 'bytes' });
  };
  const download = new FolderDownload({ remote, address, memory, onBytes, options });
  try {
    if (takeFolder) {
      removeAbandonedIn(join(store.root, FOLDERS.tmp));
      for (const portion of portionsOf(missing, SENT_OBJECTS)) await download.send(portion, takeFolder);
    } else for (const portion of portionsOf(missing, PORTION_OBJECTS)) await download.bring(portion);
  } finally {
    events({ type: 'progress-end', key: 'download' });
  }
  memory.keepOnly(objects);
  const writer = store.writer();
  try {
    const snapshot = tree((object) => memory.idOf(object)!, writer);
    writer.finish();
    // With it goes what the store has and the remote lacks.
    await takeFolder?.send(store, snapshot);
    return snapshot;
  } catch (error) {
    writer.abort();
    throw error;
  }
}

function* portionsOf(objects: readonly FolderObject[], most: number): Generator<FolderObject[]> {
  let portion: FolderObject[] = [];
  let bytes = 0;
  for (const object of objects) {
    portion.push(object);
    bytes += object.size;
    if (bytes < PORTION_BYTES && portion.length < most) continue;
    yield portion;
    portion = [];
    bytes = 0;
  }
  if (portion.length > 0) yield portion;
}
