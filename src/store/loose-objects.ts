import { createHash } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  type BigIntStats,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { textOfPath } from '../base/byte-text.js';
import { contentIdOf, type ContentId } from '../base/content-id.js';
import { CAUTIOUS_READ, READ_AT_ONCE } from '../base/cautious-read.js';
import { copyChangingFile } from '../base/copy-file.js';
import { OcrpipeError, systemErrorCode, userError } from '../base/errors.js';
import { writePoint } from '../base/write-points.js';
import { fileState } from './file-state.js';
import { FOLDERS, objectKey, objectOfKey } from './format.js';
import { objectDamaged } from './object-reader.js';
import { isSealed, seal } from './seal.js';
import {
  giveName,
  giveNameUnflushed,
  makeDurable,
  namesIn,
  temporaryName,
  unlinkIfThere,
  writeTemporary,
} from './temporary.js';
import type { Trash } from './trash.js';
import { hashOfOpenFile } from './verify-pack.js';

/** A file that changes under the copy is copied again so often before that is an error. */
const COPY_ATTEMPTS = 5;
const CHUNK_BYTES = 256 * 1024;
/** Little enough to be in the processor's own memory still when what was hashed is written. */
const COPY_CHUNK_BYTES = 128 * 1024;

/** A large blob in a file of its own. */
export interface LooseObject {
  id: ContentId;
  file: string;
  size: number;
}

export interface AdoptOptions {
  /** The caller hashed the bytes as it wrote them. */
  hashed?: boolean;
  signal?: AbortSignal;
}

export interface ReadOptions {
  /** Bytes that this process hashed as it wrote them are not hashed again, if nobody touched the file since. */
  trustArrived?: boolean;
}

/** A file that was taken in and has no name yet. */
export interface CopiedFile {
  id: ContentId;
  /** Bytes. */
  size: number;
  /** Of the file as it was copied. */
  stat: BigIntStats;
  /** The copy, in `tmp/`. */
  temporary: string;
}

/**
 * The large blobs of one local store: one read-only file each. Other names may lead to the same file, and somebody may have
 * written through one: a file whose seal is broken counts as there only once it was read and found sound.
 */
export class LooseObjects {
  readonly #root: string;
  readonly #tmp: string;
  readonly #trash: Trash;
  readonly #onDamaged: (id: ContentId) => void;
  /** What was read because its seal is broken: the state of the file (see `fileState`), and whether it was sound. */
  readonly #read = new Map<ContentId, { state: string; sound: boolean }>();

  /** The state of each file that was hashed as it was written, once it had its name. */
  readonly #arrived = new Map<ContentId, string>();

  /** `onDamaged` is called for an object that is found to have other bytes; it may move the file away. */
  constructor(root: string, trash: Trash, onDamaged: (id: ContentId) => void) {
    this.#root = root;
    this.#tmp = join(root, FOLDERS.tmp);
    this.#trash = trash;
    this.#onDamaged = onDamaged;
  }

  /** Where a blob is read. */
  fileOf(id: ContentId): string {
    return this.#trash.placeOf(objectKey(id));
  }

  /** Calls `use` with the file of a blob; again if it was moved to the trash meanwhile. Throws ENOENT if it is gone. */
  async withFile<T>(id: ContentId, use: (file: string) => Promise<T>): Promise<T> {
    try {
      return await use(this.fileOf(id));
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error;
      const place = this.#trash.rescue(objectKey(id));
      if (place === undefined) throw error;
      return use(place);
    }
  }

  /** Opens the file of a blob for reading. Throws ENOENT if there is none. */
  open(id: ContentId): number {
    try {
      return openSync(this.fileOf(id), READ_AT_ONCE);
    } catch (error) {
      const place = systemErrorCode(error) === 'ENOENT' ? this.#trash.rescue(objectKey(id)) : undefined;
      if (place === undefined) throw error;
      return openSync(place, READ_AT_ONCE);
    }
  }

  /** True if its file is there; with `size` (bytes), only if it is that long. */
  has(id: ContentId, size?: number): boolean {
    const found = this.sizeOf(id);
    return found !== undefined && (size === undefined || found === size);
  }

  /**
   * Bytes of the object's file; undefined if there is none, or one that was written to and is damaged. One in the trash is
   * brought back.
   */
  sizeOf(id: ContentId): number | undefined {
    const stat = this.#statOf(id) ?? (this.#trash.rescue(objectKey(id)) && this.#statOf(id));
    return stat && (isSealed(stat) || this.#isSound(id, stat)) ? Number(stat.size) : undefined;
  }

  /** The bytes, or undefined if they are not those of the id; throws ENOENT. */
  read(id: ContentId): Buffer | undefined {
    const fd = this.open(id);
    try {
      const bytes = readFileSync(fd);
      return contentIdOf(bytes) === id ? bytes : undefined;
    } finally {
      closeSync(fd);
    }
  }

  /** The bytes in chunks, each overwritten by the next; returns whether they were those of the id. Throws ENOENT. */
  *chunksOf(id: ContentId, { trustArrived = false }: ReadOptions): Generator<Uint8Array, boolean> {
    const fd = this.open(id);
    const state = (): string => fileState(fstatSync(fd, { bigint: true }));
    try {
      const hash = trustArrived && this.#arrived.get(id) === state() ? undefined : createHash('sha256');
      const chunk = Buffer.allocUnsafe(COPY_CHUNK_BYTES);
      for (let read = readSync(fd, chunk); read > 0; read = readSync(fd, chunk)) {
        hash?.update(chunk.subarray(0, read));
        yield chunk.subarray(0, read);
      }
      return hash ? hash.digest('hex') === id : this.#arrived.get(id) === state();
    } finally {
      closeSync(fd);
    }
  }

  /** Every large blob, by id. */
  *list(): Generator<LooseObject> {
    for (const first of namesIn(join(this.#root, FOLDERS.objects))) {
      for (const rest of namesIn(join(this.#root, FOLDERS.objects, first))) {
        const id = objectOfKey(`${FOLDERS.objects}/${first}/${rest}`);
        const stat = id && this.#statOf(id);
        if (stat) yield { id, file: this.fileOf(id), size: Number(stat.size) };
      }
    }
  }

  /** Stores bytes that the caller hashed, durably. */
  putBytes(id: ContentId, bytes: Uint8Array): void {
    giveName(writeTemporary(this.#tmp, bytes), this.#nameOf(id));
  }

  /**
   * Takes a file in: a clone or copy of it in `tmp/` is hashed, so that the id always names the stored bytes. A file that changed
   * meanwhile is copied again; one that keeps changing is an error (`file-keeps-changing`), so is what is no regular file
   * (`not-a-file`). The copy is the caller's, to be named by `nameCopy` or dropped by `dropCopy`.
   */
  async copyIn(path: string | Buffer, options: { signal?: AbortSignal } = {}): Promise<CopiedFile> {
    for (let attempt = 1; attempt <= COPY_ATTEMPTS; attempt += 1) {
      const copied = await this.#tryCopyIn(path, options);
      if (copied) return copied;
    }
    throw new OcrpipeError('file-keeps-changing', `${textOfPath(path)} changes while it is being stored`, {
      hint: 'Stop what writes to it, then try again.',
    });
  }

  /** Flushes a copy and gives it its name, durably; it is gone from `tmp/` in any case. */
  async nameCopy({ id, temporary }: Pick<CopiedFile, 'id' | 'temporary'>): Promise<void> {
    try {
      seal(temporary);
      await flush(temporary);
      for (const folder of giveNameUnflushed(temporary, this.#nameOf(id))) {
        await flush(folder).catch(ignoreSystemErrors);
      }
    } finally {
      unlinkIfThere(temporary);
    }
  }

  dropCopy({ temporary }: CopiedFile): void {
    unlinkIfThere(temporary);
  }

  /** Takes over a file of the store's `tmp/` after comparing its hash with `id`. Throws `object-damaged`, and removes it. */
  async adopt(temporary: string, id: ContentId, options: AdoptOptions = {}): Promise<void> {
    if (options.hashed === true) {
      await this.nameCopy({ temporary, id });
      const stat = this.#statOf(id);
      if (stat && isSealed(stat)) this.#arrived.set(id, fileState(stat));
      return;
    }
    if ((await hashOfFile(temporary, options)) !== id) {
      unlinkIfThere(temporary);
      throw objectDamaged('blob', id, temporary, 'its bytes have another hash');
    }
    makeDurable(temporary);
    giveName(temporary, this.#nameOf(id));
  }

  #nameOf(id: ContentId): string {
    return join(this.#root, objectKey(id));
  }

  #statOf(id: ContentId): BigIntStats | undefined {
    return statSync(this.fileOf(id), { bigint: true, throwIfNoEntry: false });
  }

  /** Reads a file whose seal is broken, and seals it again if it is sound. */
  #isSound(id: ContentId, stat: BigIntStats): boolean {
    const known = this.#read.get(id);
    if (known?.state === fileState(stat)) return known.sound;
    const sound = stat.isFile() && hashOfFileNow(this.fileOf(id)) === id;
    if (sound) sealAgain(this.fileOf(id));
    else this.#onDamaged(id);
    const after = this.#statOf(id);
    if (after) this.#read.set(id, { state: fileState(after), sound });
    return sound;
  }

  async #tryCopyIn(
    path: string | Buffer,
    options: { signal?: AbortSignal },
  ): Promise<CopiedFile | undefined> {
    const before = regularFile(path);
    const temporary = temporaryName(this.#tmp);
    let copied: CopiedFile | undefined;
    try {
      writePoint();
      const id = await copyHashed(path, temporary, options);
      if (!sameFile(before, regularFile(path)) || lstatSync(temporary).size !== Number(before.size))
        return undefined;
      copied = { id, size: Number(before.size), stat: before, temporary };
      return copied;
    } finally {
      if (!copied) unlinkIfThere(temporary);
    }
  }
}

/** Copies a file and returns the SHA-256 of what was written; of a clone, that of what it holds. */
async function copyHashed(
  path: string | Buffer,
  temporary: string,
  options: { signal?: AbortSignal },
): Promise<ContentId> {
  const hash = createHash('sha256');
  const onBytes = (bytes: Uint8Array): void => void hash.update(bytes);
  const isClone = await copyChangingFile(path, temporary, { ...options, onBytes });
  return isClone ? hashOfFile(temporary, options) : (hash.digest('hex') as ContentId);
}

/** SHA-256 of a whole file: computed in hasha's worker thread, which takes text for a path, or else here, piece by piece. */
export async function hashOfFile(
  path: string | Buffer,
  options: { signal?: AbortSignal } = {},
): Promise<ContentId> {
  const { signal } = options;
  if (typeof path !== 'string') return hashInSteps(path, options);
  // Its worker threads are loaded by those who have a large file only.
  const { hashFile } = await import('hasha');
  return (await hashFile(path, { algorithm: 'sha256', ...(signal && { signal }) })) as ContentId;
}

async function hashInSteps(path: Buffer, { signal }: { signal?: AbortSignal }): Promise<ContentId> {
  const fd = openSync(path, CAUTIOUS_READ);
  try {
    const hash = createHash('sha256');
    const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    for (let read = readSync(fd, chunk); read > 0; read = readSync(fd, chunk)) {
      hash.update(chunk.subarray(0, read));
      await setImmediate();
      signal?.throwIfAborted();
    }
    return hash.digest('hex') as ContentId;
  } finally {
    closeSync(fd);
  }
}

/** In another thread, so that others are flushed at the same time: a disk takes several in one go. */
async function flush(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Not every file system can flush a folder. */
function ignoreSystemErrors(error: unknown): void {
  if (systemErrorCode(error) === undefined) throw error;
}

/** Reads to the end at once: for what happens rarely, where an answer is needed now. */
function hashOfFileNow(path: string): ContentId | undefined {
  try {
    const fd = openSync(path, READ_AT_ONCE);
    try {
      return hashOfOpenFile(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Only its owner may: what is somebody else's is read again by the next command. */
function sealAgain(path: string): void {
  try {
    seal(path);
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
  }
}

function regularFile(path: string | Buffer): BigIntStats {
  const stat = lstatSync(path, { bigint: true });
  if (!stat.isFile()) throw userError('not-a-file', `${textOfPath(path)} is not a regular file`);
  return stat;
}

function sameFile(a: BigIntStats, b: BigIntStats): boolean {
  return a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs && a.ino === b.ino;
}
