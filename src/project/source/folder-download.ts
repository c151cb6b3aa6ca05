import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryBeside } from '../../base/atomic-file.js';
import { BufferPool } from '../../base/buffer-pool.js';
import { contentIdOf, type ContentId } from '../../base/content-id.js';
import { removeTree } from '../../base/remove-tree.js';
import { abandon, readAll } from '../../remote/backends/remote.js';
import { remoteChanged } from '../../remote/backends/remote-errors.js';
import { continueDownload, MOST_RANGES, takeOver } from '../../remote/fetch/resumable-download.js';
import { eachInParallel } from '../../remote/parallel.js';
import type { PushStore } from '../../remote/push/push-store.js';
import { FOLDERS, LARGE_BLOB_BYTES } from '../../store/format.js';
import { LocalStore } from '../../store/local-store.js';
import { UnstoredFiles } from '../../tracking/unstored-files.js';
import type { Snapshot } from '../../tracking/workspace-files.js';
import type { S3Access } from './file-address.js';
import type { FolderMemory, FolderObject } from './folder-memory.js';
import { folderTree } from './folder-tree.js';
import type { SourceBucket } from './source-bucket.js';
import { keepDownloaded, type DownloadedFile } from './url-file.js';

export interface FolderDownloadOptions {
  store: LocalStore;
  /** How the bucket is reached. */
  access: S3Access;
  /** Downloads at once. */
  jobs: number;
  signal: AbortSignal;
}

/** What takes the objects of a folder instead of the store. */
export interface FolderTaker {
  /** True of bytes that need not be brought. */
  has(blob: ContentId): boolean;
  /** Takes a directory and what `source` has of all that is in it; the rest it has already. */
  send(source: PushStore, directory: Snapshot): Promise<void>;
}

interface FolderParts {
  remote: SourceBucket;
  address: { url: string; prefix: string };
  memory: FolderMemory;
  onBytes: (bytes: number) => void;
  options: FolderDownloadOptions;
}

/** Objects of one folder on their way into the store, or past it. */
export class FolderDownload {
  readonly #parts: FolderParts;
  readonly #buffers = new BufferPool(MOST_RANGES, { shared: true });

  constructor(parts: FolderParts) {
    this.#parts = parts;
  }

  /** Stores what arrives of these, then remembers it: also what came before one of them failed. */
  async bring(objects: readonly FolderObject[]): Promise<void> {
    const { memory, options } = this.#parts;
    const { store, signal } = options;
    const writer = store.writer();
    const brought: [FolderObject, ContentId][] = [];
    try {
      await this.#each(objects, async (object) => {
        if (object.size < LARGE_BLOB_BYTES) {
          brought.push([object, writer.putBlob(await this.#small(object))]);
          return;
        }
        const large = await this.#large(object);
        await keepDownloaded(large, { store, signal });
        // It has a name in the store by now, whatever becomes of the others.
        memory.add([[object, large.id]]);
      });
    } finally {
      writer.finish();
      memory.add(brought);
    }
  }

  /**
   * Has them taken, and remembers them: by way of files in the store's \`tmp/\` that are gone when this returns, but for what arrived of
   * large ones where it fails.
   */
  async send(objects: readonly FolderObject[], taker: FolderTaker): Promise<void> {
    const { memory, options } = this.#parts;
    const passing = LocalStore.create(temporaryBeside(join(options.store.root, FOLDERS.tmp, 'passing')));
    try {
      const files = new UnstoredFiles(passing);
      const large: string[] = [];
      const ids = await this.#pass(objects, { passing, files, large });
      const snapshot = this.#directoryOf(ids, passing);
      await taker.send(files, snapshot);
      memory.add([...ids]);
      for (const file of large) await rm(file, { force: true });
    } finally {
      passing.close();
      removeTree(passing.root);
    }
  }

  async #pass(
    objects: readonly FolderObject[],
    { passing, files, large }: { passing: LocalStore; files: UnstoredFiles; large: string[] },
  ): Promise<Map<FolderObject, ContentId>> {
    const ids = new Map<FolderObject, ContentId>();
    const writer = passing.writer();
    try {
      await this.#each(objects, async (object) => {
        if (object.size < LARGE_BLOB_BYTES) {
          ids.set(object, writer.putBlob(await this.#small(object)));
          return;
        }
        const { temporary, id } = await this.#large(object);
        large.push(temporary);
        files.add(temporary, { snapshot: { id, kind: 'file', size: object.size }, reader: passing });
        ids.set(object, id);
      });
      writer.finish();
      return ids;
    } catch (error) {
      writer.abort();
      throw error;
    }
  }

  /** A root that holds them until the whole folder is there. */
  #directoryOf(ids: ReadonlyMap<FolderObject, ContentId>, passing: LocalStore): Snapshot {
    const writer = passing.writer();
    const tree = folderTree(this.#parts.address.url, [...ids.keys()]);
    const snapshot = tree((object) => ids.get(object)!, writer);
    writer.finish();
    return snapshot;
  }

  #each(objects: readonly FolderObject[], bring: (object: FolderObject) => Promise<void>): Promise<void> {
    const { jobs, signal } = this.#parts.options;
    return eachInParallel(objects, jobs, async (object) => {
      signal.throwIfAborted();
      await bring(object);
    });
  }

  async #small(object: FolderObject): Promise<Buffer> {
    const { remote, address, onBytes, options } = this.#parts;
    const key = address.prefix + object.path;
    const answer = await remote.get(key, { ifMatch: object.etag, signal: options.signal });
    if (answer?.size !== object.size) {
      if (answer) await abandon(answer);
      throw remoteChanged(remote.where, key);
    }
    const bytes = await readAll(answer);
    onBytes(bytes.length);
    return bytes;
  }

  /** In a file of \`tmp/\`, which goes on with what a killed call left there. */
  async #large({ path, size, etag }: FolderObject): Promise<DownloadedFile> {
    const { remote, address, onBytes, options } = this.#parts;
    const { store, access, signal } = options;
    const version = contentIdOf([address.url + path, access.endpoint ?? '', etag, String(size)].join('\n'));
    const temporary = await takeOver(join(store.root, FOLDERS.tmp), version);
    const ranged = { remote, key: address.prefix + path, size, etag, buffers: this.#buffers };
    const id = (await continueDownload({ ...ranged, signal, onBytes }, temporary)) as ContentId;
    return { temporary, id };
  }
}
