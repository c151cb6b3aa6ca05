import { BufferPool } from '../../base/buffer-pool.js';
import { contentIdOf, type ContentId } from '../../base/content-id.js';
import { OcrpipeError, userError } from '../../base/errors.js';
import type { EventSink } from '../../base/events.js';
import { join } from 'node:path';
import { eachInParallel } from '../../remote/parallel.js';
import { abandon, readAll, type Remote } from '../../remote/backends/remote.js';
import { remoteChanged } from '../../remote/backends/remote-errors.js';
import { continueDownload, MOST_RANGES, takeOver } from '../../remote/fetch/resumable-download.js';
import { FOLDERS, LARGE_BLOB_BYTES } from '../../store/format.js';
import type { LocalStore } from '../../store/local-store.js';
import type { StoreWriter } from '../../store/store-writer.js';
import type { UrlSource } from '../../tracking/pointers/import-source.js';
import type { Snapshot } from '../../tracking/workspace-files.js';
import type { FileAddress } from './file-address.js';
import { FolderMemory, type FolderObject } from './folder-memory.js';
import { folderTree } from './folder-tree.js';
import { sharedAccess, withBucket, type S3Options } from './s3-file.js';
import { keepDownloaded, type UrlFile } from './url-file.js';

/** All objects of a bucket whose keys begin with a prefix. */
export type FolderAddress = Extract<FileAddress, { kind: 's3-folder' }>;

interface FolderOptions extends S3Options {
  store: LocalStore;
  /** Folder in which this machine remembers what it downloaded. */
  memory: string;
  /** Downloads at once. */
  jobs: number;
  events: EventSink;
}

/** Listed once more where an object changed meanwhile. */
const READS = 2;
/** So much is stored, and remembered, together: what an interrupted call loses. */
const PORTION_BYTES = 64 * 1024 * 1024;
const PORTION_OBJECTS = 2000;

/**
 * Downloads the objects below a prefix into the store as a directory; undefined if its listing is still the known one. What a former call
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
  remote: Remote,
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
  remote: Remote,
  { address, objects }: { address: FolderAddress; objects: readonly FolderObject[] },
  options: FolderOptions,
): Promise<Snapshot> {
  const { store, memory: folder, access, events } = options;
  // Names are refused before anything is downloaded.
  const tree = folderTree(address.url, objects);
  const memory = FolderMemory.of(folder, contentIdOf([address.url, access.endpoint ?? ''].join('\n')));
  const missing = objects.filter((object) => {
    const id = memory.idOf(object);
    return id === undefined || !store.has('blob', id);
  });
  const total = missing.reduce((bytes, { size }) => bytes + size, 0);
  let done = 0;
  const onBytes = (bytes: number): void => {
    done += bytes;
    events({ type: 'progress', key: 'download', done, total, unit: 'bytes' });
  };
  const download = new FolderDownload({ remote, address, memory, onBytes, options });
  try {
    for (const portion of portionsOf(missing)) await download.bring(portion);
  } finally {
    events({ type: 'progress-end', key: 'download' });
  }
  memory.keepOnly(objects);
  const writer = store.writer();
  try {
    const snapshot = tree((object) => memory.idOf(object)!, writer);
    writer.finish();
    return snapshot;
  } catch (error) {
    writer.abort();
    throw error;
  }
}

function* portionsOf(objects: readonly FolderObject[]): Generator<FolderObject[]> {
  let portion: FolderObject[] = [];
  let bytes = 0;
  for (const object of objects) {
    portion.push(object);
    bytes += object.size;
    if (bytes < PORTION_BYTES && portion.length < PORTION_OBJECTS) continue;
    yield portion;
    portion = [];
    bytes = 0;
  }
  if (portion.length > 0) yield portion;
}

interface FolderParts {
  remote: Remote;
  address: FolderAddress;
  memory: FolderMemory;
  onBytes: (bytes: number) => void;
  options: FolderOptions;
}

/** Objects of one folder on their way into the store. */
class FolderDownload {
  readonly #parts: FolderParts;
  readonly #buffers = new BufferPool(MOST_RANGES, { shared: true });

  constructor(parts: FolderParts) {
    this.#parts = parts;
  }

  /** Stores what arrives of these, then remembers it: also what came before one of them failed. */
  async bring(objects: readonly FolderObject[]): Promise<void> {
    const { memory, options } = this.#parts;
    const writer = options.store.writer();
    const brought: [FolderObject, ContentId][] = [];
    try {
      await eachInParallel(objects, options.jobs, async (object) => {
        options.signal.throwIfAborted();
        if (object.size >= LARGE_BLOB_BYTES) await this.#bringLarge(object);
        else brought.push([object, await this.#bringSmall(object, writer)]);
      });
    } finally {
      writer.finish();
      memory.add(brought);
    }
  }

  async #bringSmall(object: FolderObject, writer: StoreWriter): Promise<ContentId> {
    const { remote, address, onBytes, options } = this.#parts;
    const key = address.prefix + object.path;
    const answer = await remote.get(key, { ifMatch: object.etag, signal: options.signal });
    if (answer?.size !== object.size) {
      if (answer) await abandon(answer);
      throw remoteChanged(remote.where, key);
    }
    const bytes = await readAll(answer);
    onBytes(bytes.length);
    return writer.putBlob(bytes);
  }

  async #bringLarge({ path, size, etag }: FolderObject): Promise<void> {
    const { remote, address, memory, onBytes, options } = this.#parts;
    const { store, access, signal } = options;
    const version = contentIdOf([address.url + path, access.endpoint ?? '', etag, String(size)].join('\n'));
    const temporary = await takeOver(join(store.root, FOLDERS.tmp), version);
    const ranged = {
      remote,
      key: address.prefix + path,
      size,
      etag,
      buffers: this.#buffers,
      signal,
      onBytes,
    };
    const id = (await continueDownload(ranged, temporary)) as ContentId;
    await keepDownloaded({ temporary, id }, { store, signal });
    // It has a name in the store by now, whatever becomes of the others.
    memory.add([[{ path, size, etag }, id]]);
  }
}
