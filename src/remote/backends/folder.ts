import { createHash } from 'node:crypto';
import { createReadStream, constants as fsConstants } from 'node:fs';
import { link, mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ageOf } from '../../base/age.js';
import { syncDirectory } from '../../base/atomic-file.js';
import type { ContentId } from '../../base/content-id.js';
import { systemErrorCode } from '../../base/errors.js';
import { writePoint } from '../../base/write-points.js';
import {
  noTraffic,
  type ByteRange,
  type Described,
  type Download,
  type GetOptions,
  type Listed,
  type PutOptions,
  type Remote,
  type Unfinished,
  type UploadBody,
} from './remote.js';
import type { Pace } from './pace.js';
import { modifying, type Correction } from './correction.js';
import { discardFrom, unfinishedIn } from './folder-unfinished.js';
import { remoteFolderMissing, requireRemoteFolder } from './remote-folder.js';
import { damagedUpload, folderFailure, rangeRefused, remoteBusy, remoteChanged } from './remote-errors.js';
import { claimName, TEMPORARY_FOLDER, temporaryName } from './temporary-names.js';

const CHUNK_BYTES = 1024 * 1024;
/** A claim is held for one rename. */
const ABANDONED_CLAIM_MS = 60_000;

/**
 * A folder as a remote: a disk, a mounted share, a synchronised folder. A file is written aside, flushed, then linked
 * (create only) or renamed into place, so that readers on other machines see all of it or nothing. The folder itself is never
 * made here: one that is not there (`remote-folder-missing`) may be a share that is not mounted.
 */
export class FolderRemote implements Remote {
  readonly traffic = noTraffic();
  readonly capabilities = { conditionalCreate: true };
  readonly where: string;
  readonly #root: string;
  readonly #correct: Correction;
  readonly #pace: Pace | undefined;

  constructor(root: string, correct: Correction = modifying(), pace?: Pace) {
    this.#root = root;
    this.#pace = pace;
    this.#correct = correct;
    this.where = root;
  }

  list(prefix: string, options: { signal?: AbortSignal | undefined } = {}): Promise<Listed[]> {
    return this.#request(options.signal, () => this.#listFolder(prefix));
  }

  get(key: string, options: GetOptions = {}): Promise<Download | undefined> {
    return this.#request(options.signal, async () => {
      const file = await this.#open(key);
      if (file === undefined) return undefined;
      try {
        const { size, etag } = await describeHandle(file);
        if (options.ifMatch !== undefined && options.ifMatch !== etag) throw remoteChanged(this.where, key);
        const range = options.range ?? { start: 0, end: size };
        if (range.end > size) throw rangeRefused(this.where, key);
        const body = this.#bodyOf(file, range, options.signal);
        return { size: range.end - range.start, total: size, etag, body };
      } catch (error) {
        await file.close();
        throw error;
      }
    });
  }

  describe(key: string, options: { signal?: AbortSignal | undefined } = {}): Promise<Described | undefined> {
    return this.#request(options.signal, async () => {
      const file = await this.#open(key);
      if (file === undefined) return undefined;
      try {
        const hash = createHash('sha256');
        for await (const chunk of file.createReadStream({ autoClose: false, highWaterMark: CHUNK_BYTES })) {
          options.signal?.throwIfAborted();
          hash.update(chunk as Buffer);
        }
        return { ...(await describeHandle(file)), sha256: hash.digest('hex') as ContentId };
      } finally {
        await file.close();
      }
    });
  }

  put(key: string, body: UploadBody, options: PutOptions): Promise<'created' | 'exists'> {
    return this.#request(options.signal, async () => {
      const target = join(this.#root, key);
      if (options.ifNoneMatch === true && (await isThere(target))) return 'exists';
      const temporary = await this.#writeAside(key, body, options);
      try {
        options.signal?.throwIfAborted();
        await this.#makeFolders(dirname(key));
        writePoint();
        return await this.#place(temporary, target, options);
      } finally {
        await rm(temporary, { force: true });
      }
    });
  }

  async #place(temporary: string, target: string, options: PutOptions): Promise<'created' | 'exists'> {
    try {
      return await place(temporary, target, options.ifNoneMatch ?? false);
    } catch (error) {
      // Of a writer that slept for days a collection of garbage took the file away: it is written again.
      if (systemErrorCode(error) !== 'ENOENT' || (await isThere(temporary))) throw error;
      throw remoteBusy(this.where, 'a file that was being written was taken away', error);
    }
  }

  delete(key: string, options: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    return this.#request(options.signal, async () => {
      writePoint();
      await rm(join(this.#root, key), { force: true });
    });
  }

  unfinished(options: { signal?: AbortSignal | undefined } = {}): Promise<Unfinished[]> {
    return this.#request(options.signal, async () => {
      requireRemoteFolder(this.#root, this.#correct);
      return unfinishedIn(this.#root, await this.now(options));
    });
  }

  discard(one: Unfinished, options: { signal?: AbortSignal | undefined } = {}): Promise<boolean> {
    return this.#request(options.signal, () => discardFrom(this.#root, one));
  }

  /** The clock of the file system, which on a share is the file server's. Counts as no request: nothing is asked for by name. */
  now(options: { signal?: AbortSignal | undefined } = {}): Promise<Date> {
    return this.#translated(options.signal, async () => {
      const temporary = await this.#temporaryName();
      try {
        const file = await open(temporary, 'wx');
        await file.writeFile('now');
        const { mtime } = await file.stat();
        await file.close();
        return mtime;
      } finally {
        await rm(temporary, { force: true });
      }
    });
  }

  close(): void {
    // Files are closed as they are read.
  }

  #request<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    return this.#translated(signal, () => {
      this.traffic.requests += 1;
      return work();
    });
  }

  async #translated<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    signal?.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      throw folderFailure(this.where, error, this.#correct);
    }
  }

  async #listFolder(prefix: string): Promise<Listed[]> {
    const names = await readdir(join(this.#root, prefix), { recursive: true, withFileTypes: true }).catch(
      ifMissing([]),
    );
    if (names.length === 0) requireRemoteFolder(this.#root, this.#correct);
    const found: Listed[] = [];
    for (const entry of names) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      // A file may be deleted by a gc between the listing and this look.
      const seen = await stat(path).catch(ifMissing(undefined));
      const key = path.slice(this.#root.length + 1).replaceAll('\\', '/');
      if (seen !== undefined) found.push({ key, size: seen.size });
    }
    return found;
  }

  async #open(key: string): Promise<FileHandle | undefined> {
    // A FIFO of that name is not waited for; like all that is no file it is not there.
    const flags = fsConstants.O_RDONLY | fsConstants.O_NONBLOCK;
    const file = await open(join(this.#root, key), flags).catch(ifMissing(undefined));
    if (file === undefined) requireRemoteFolder(this.#root, this.#correct);
    if (file === undefined || (await file.stat()).isFile()) return file;
    await file.close();
    return undefined;
  }

  /** Makes the folders of a '/'-separated path below the root, never the root: each level fails if the one above is gone. */
  async #makeFolders(below: string): Promise<void> {
    const levels = below === '.' ? [] : below.split('/');
    for (const depth of levels.keys()) {
      const folder = join(this.#root, ...levels.slice(0, depth + 1));
      try {
        await mkdir(folder);
      } catch (error) {
        if (systemErrorCode(error) === 'ENOENT') throw remoteFolderMissing(this.#root, this.#correct);
        // Some file systems refuse before they say that it is there.
        if (!(await isThere(folder))) throw error;
      }
    }
  }

  async #temporaryName(): Promise<string> {
    await this.#makeFolders(TEMPORARY_FOLDER);
    return join(this.#root, TEMPORARY_FOLDER, temporaryName());
  }

  /** Copies the body to a flushed temporary file, hashing what is written. */
  async #writeAside(key: string, body: UploadBody, options: PutOptions): Promise<string> {
    const temporary = await this.#temporaryName();
    writePoint();
    const file = await open(temporary, 'wx', 0o444);
    try {
      const hash = createHash('sha256');
      for await (const chunk of chunksOf(body)) {
        options.signal?.throwIfAborted();
        hash.update(chunk);
        await this.#pace?.take(chunk.length, options.signal);
        await file.writeFile(chunk);
        this.traffic.sentBytes += chunk.length;
      }
      if (hash.digest('hex') !== options.sha256) throw damagedUpload(this.where, key);
      await file.sync();
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    return temporary;
  }

  /** The file is closed when the body ends, or with the signal where nobody has begun to read it. */
  #bodyOf(file: FileHandle, range: ByteRange, signal: AbortSignal | undefined): AsyncIterable<Uint8Array> {
    const giveUp = (): void => void file.close().catch(() => undefined);
    signal?.addEventListener('abort', giveUp, { once: true });
    return {
      [Symbol.asyncIterator]: () => {
        signal?.removeEventListener('abort', giveUp);
        return this.#read(file, range, signal);
      },
    };
  }

  async *#read(
    file: FileHandle,
    { start, end }: ByteRange,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array> {
    try {
      for (let at = start; at < end;) {
        signal?.throwIfAborted();
        const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, end - at));
        const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
        if (bytesRead === 0) break;
        at += bytesRead;
        this.traffic.receivedBytes += bytesRead;
        await this.#pace?.take(bytesRead, signal);
        yield chunk.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  }
}

async function* chunksOf(body: UploadBody): AsyncGenerator<Uint8Array> {
  if ('bytes' in body) {
    yield body.bytes;
    return;
  }
  for await (const chunk of createReadStream(body.file, { highWaterMark: CHUNK_BYTES }))
    yield chunk as Buffer;
}

/** Makes the flushed file visible under its name. A link fails if the name is taken: that is the create-only step. */
async function place(temporary: string, target: string, createOnly: boolean): Promise<'created' | 'exists'> {
  if (!createOnly) {
    await rename(temporary, target);
  } else {
    try {
      await link(temporary, target);
    } catch (error) {
      if (systemErrorCode(error) === 'EEXIST') return 'exists';
      if (!LINKLESS.has(systemErrorCode(error) ?? '')) throw error;
      return placeWithoutLinks(temporary, target);
    }
  }
  syncDirectory(dirname(target));
  return 'created';
}

/** What file systems without hard links answer (FAT, some shares). */
const LINKLESS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** Without links: the name is claimed by a folder that only one writer can make, and that a crashed one leaves behind. */
async function placeWithoutLinks(temporary: string, target: string): Promise<'created' | 'exists'> {
  const claim = join(dirname(temporary), claimName(basename(target)));
  await claimFolder(claim);
  try {
    if (await isThere(target)) return 'exists';
    await rename(temporary, target);
    syncDirectory(dirname(target));
    return 'created';
  } finally {
    await rm(claim, { recursive: true, force: true });
  }
}

async function claimFolder(claim: string): Promise<void> {
  try {
    await mkdir(claim);
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error;
    if ((ageOf(claim) ?? 0) > ABANDONED_CLAIM_MS) await rm(claim, { recursive: true });
    throw remoteBusy(dirname(dirname(claim)), 'another writer is placing the same file', error);
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(ifMissing(undefined))) !== undefined;
}

async function describeHandle(file: FileHandle): Promise<{ size: number; etag: string }> {
  const { size, mtimeNs, ino } = await file.stat({ bigint: true });
  return { size: Number(size), etag: `${size}-${mtimeNs}-${ino}` };
}

/** For `.catch`: the value if the file or a folder above it does not exist; other errors pass. */
function ifMissing<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (systemErrorCode(error) === 'ENOENT') return value;
    throw error;
  };
}
