import type { BigIntStats } from 'node:fs';
import { join } from 'node:path';
import { contentIdOf, type ContentId } from '../base/content-id.js';
import { FOLDERS, LARGE_BLOB_BYTES, packKey, type NodeKind, type ObjectKind } from './format.js';
import type { CopiedFile, LooseObjects } from './loose-objects.js';
import { ObjectIndex } from './object-index.js';
import type { PackShelf } from './pack-shelf.js';
import { PackWriter, type SealedPack } from './pack-writer.js';
import { giveName, unlinkIfThere } from './temporary.js';

/** So many large files are flushed at once. */
const MOST_NAMING = 4;

/** The parts of a store that a writer puts objects into. */
export interface WriterTarget {
  root: string;
  shelf: PackShelf;
  loose: LooseObjects;
}

export interface WriterOptions {
  /**
   * Write objects even if the store has them, so that a damaged copy gets a sound one beside it. An equal pack replaces the
   * damaged one, for its name is the same.
   */
  again?: boolean;
}

/** What a writer wrote; what the store had already is not counted. */
export interface Written {
  objects: number;
  bytes: number;
  packs: readonly ContentId[];
}

/** A blob whose id is the SHA-256 of its bytes, by what it was hashed with. */
export interface HashedBlob {
  readonly id: ContentId;
  readonly size: number;
}

/** One stored file: its id and size, and the stat that its bytes were read under. */
export interface StoredFile {
  id: ContentId;
  size: number;
  stat: BigIntStats;
}

/**
 * Puts objects into a store. What the store has is not written again. Small objects go into packs, blobs apart from nodes,
 * each in the order they are put: put files in path order. A node must be put after what it names. Packs of blobs are named
 * when they are full, packs of nodes only by `finish`, after every blob: a reader never meets a node before its files.
 * Nothing put is certain to be in the store before `finish` returns.
 */
export class StoreWriter {
  readonly #target: WriterTarget;
  readonly #again: boolean;
  readonly #blobs: PackStream;
  readonly #nodes: PackStream;
  /** Large blobs that are being flushed and named. */
  readonly #naming = new Map<ContentId, Promise<void>>();
  #failure: { reason: unknown } | undefined;
  readonly #written = { objects: 0, bytes: 0, packs: [] as ContentId[] };

  constructor(target: WriterTarget, options: WriterOptions = {}) {
    this.#target = target;
    this.#again = options.again ?? false;
    const tmp = join(target.root, FOLDERS.tmp);
    // What is sealed is in the store then: only a writer that does not ask the store must remember it.
    this.#blobs = new PackStream({ tmp, remembers: this.#again }, (pack) => {
      this.#name(pack);
    });
    this.#nodes = new PackStream({ tmp, remembers: true });
  }

  /** True if the object is in the store (where `size` is given, with so many bytes) or was put into this writer. */
  has(kind: ObjectKind, id: ContentId, size?: number): boolean {
    if (this.#target.shelf.knows(kind, id) || this.#pending(kind, id)) return true;
    return kind === 'blob' && (this.#naming.has(id) || this.#target.loose.has(id, size));
  }

  /** Stores the bytes of a file, which are copied before this returns. */
  putBlob(bytes: Uint8Array): ContentId {
    const id = contentIdOf(bytes);
    if (bytes.length >= LARGE_BLOB_BYTES) this.#putLarge(id, bytes);
    else this.#putSmall('blob', id, bytes);
    return id;
  }

  /** Stores blobs of less than 1 MiB whose bytes follow one another in `bytes`, which are copied before this returns. */
  putHashed(blobs: Iterable<HashedBlob>, bytes: Uint8Array): void {
    let from = 0;
    let to = 0;
    // What is new is written in as few pieces as what is not allows.
    const write = (next: number) => {
      if (to > from) this.#blobs.write(bytes.subarray(from, to));
      from = next;
    };
    for (const { id, size } of blobs) {
      if (this.#isThere('blob', id)) write(to + size);
      else {
        if (!this.#blobs.fits(size)) write(to);
        this.#blobs.enter('blob', id, size);
        this.#count(size);
      }
      to += size;
    }
    write(to);
  }

  /** Stores the bytes of one node of a directory. */
  putTree(node: Uint8Array, kind: NodeKind): ContentId {
    const id = contentIdOf(node);
    this.#putSmall(kind, id, node);
    return id;
  }

  /**
   * Stores a file of any size; meant for those of 1 MiB and more, which are cloned or copied and hashed by a worker thread.
   * The id is that of the stored bytes. Throws `file-keeps-changing` and `not-a-file`.
   */
  async putFile(path: string | Buffer, options: { signal?: AbortSignal } = {}): Promise<StoredFile> {
    const stored = await this.putFileSoon(path, options);
    await this.settled();
    return stored;
  }

  /** Like `putFile`, but what was put is in the store only when `settled` has returned: flushing goes on meanwhile. */
  async putFileSoon(path: string | Buffer, options: { signal?: AbortSignal } = {}): Promise<StoredFile> {
    const copied = await this.#target.loose.copyIn(path, options);
    const { id, size, stat } = copied;
    const isThere = this.#naming.has(id) || this.#target.loose.has(id, size);
    if (isThere) this.#target.loose.dropCopy(copied);
    else await this.#nameSoon(copied);
    return { id, size, stat };
  }

  /** Waits for what `putFileSoon` began, so that nothing of it is left half-done; throws its first failure. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#naming.values());
    if (this.#failure) throw this.#failure.reason;
  }

  /** Begins to name a copy as soon as few others are on their way. */
  async #nameSoon(copied: CopiedFile): Promise<void> {
    while (this.#naming.size >= MOST_NAMING) await Promise.race(this.#naming.values());
    if (this.#failure) {
      this.#target.loose.dropCopy(copied);
      throw this.#failure.reason;
    }
    this.#count(copied.size);
    const naming = this.#target.loose.nameCopy(copied).then(
      () => void this.#naming.delete(copied.id),
      (reason: unknown) => {
        this.#failure ??= { reason };
        this.#naming.delete(copied.id);
      },
    );
    this.#naming.set(copied.id, naming);
  }

  /** Makes everything put durable: blobs first, then nodes. The writer is used up. */
  finish(): Written {
    try {
      this.#blobs.close();
      this.#nodes.close();
      for (let pack = this.#nodes.nextSealed(); pack; pack = this.#nodes.nextSealed()) this.#name(pack);
    } catch (error) {
      this.abort();
      throw error;
    }
    return this.#written;
  }

  /** Drops what is not named yet. Packs and large blobs that are named stay: they are whole, and found by the next run. */
  abort(): void {
    this.#blobs.abort();
    this.#nodes.abort();
  }

  #pending(kind: ObjectKind, id: ContentId): boolean {
    return kind === 'blob' ? this.#blobs.has(kind, id) : this.#nodes.has(kind, id);
  }

  #putSmall(kind: ObjectKind, id: ContentId, bytes: Uint8Array): void {
    if (this.#isThere(kind, id)) return;
    (kind === 'blob' ? this.#blobs : this.#nodes).put(kind, id, bytes);
    this.#count(bytes.length);
  }

  #isThere(kind: ObjectKind, id: ContentId): boolean {
    return this.#pending(kind, id) || (!this.#again && this.#target.shelf.knows(kind, id));
  }

  #putLarge(id: ContentId, bytes: Uint8Array): void {
    if (!this.#again && this.#target.loose.sizeOf(id) === bytes.length) return;
    this.#target.loose.putBytes(id, bytes);
    this.#count(bytes.length);
  }

  #count(bytes: number): void {
    this.#written.objects += 1;
    this.#written.bytes += bytes;
  }

  #name(pack: SealedPack): void {
    try {
      namePack(this.#target, pack);
    } catch (error) {
      unlinkIfThere(pack.file);
      throw error;
    }
    this.#written.packs.push(pack.id);
  }
}

/**
 * Gives a flushed pack its name. A pack of that name has the same content, so replacing it loses nothing, and heals it if it
 * was damaged.
 */
export function namePack(target: WriterTarget, pack: SealedPack): void {
  giveName(pack.file, join(target.root, packKey(pack.id)));
  target.shelf.add(pack.table);
}

/** A row of packs, each begun when the one before is full. `sealed` is called for each full pack; without it they wait. */
class PackStream {
  readonly #tmp: string;
  /** True if it knows what is in its sealed packs. */
  readonly #remembers: boolean;
  readonly #onSealed: ((pack: SealedPack) => void) | undefined;
  readonly #sealedIndex = new ObjectIndex();
  readonly #sealed: SealedPack[] = [];
  #current: PackWriter | undefined;

  constructor(
    { tmp, remembers }: { tmp: string; remembers: boolean },
    onSealed?: (pack: SealedPack) => void,
  ) {
    this.#tmp = tmp;
    this.#remembers = remembers;
    this.#onSealed = onSealed;
  }

  has(kind: ObjectKind, id: ContentId): boolean {
    return this.#current?.has(kind, id) === true || this.#sealedIndex.has(kind, id);
  }

  put(kind: ObjectKind, id: ContentId, bytes: Uint8Array): void {
    this.enter(kind, id, bytes.length);
    this.write(bytes);
  }

  /** False if an object of `length` bytes begins another pack. */
  fits(length: number): boolean {
    return this.#current?.fits(length) !== false;
  }

  /** The bytes of all that was entered before must be written where this one begins another pack. */
  enter(kind: ObjectKind, id: ContentId, length: number): void {
    if (!this.fits(length)) this.close();
    this.#current ??= new PackWriter(this.#tmp);
    this.#current.enter(kind, id, length);
  }

  write(bytes: Uint8Array): void {
    this.#current?.write(bytes);
  }

  /** Seals the pack that is being written, if any. */
  close(): void {
    if (!this.#current) return;
    const pack = this.#current.seal();
    this.#current = undefined;
    if (this.#remembers) this.#sealedIndex.add(pack.table);
    if (this.#onSealed) this.#onSealed(pack);
    else this.#sealed.push(pack);
  }

  /** The oldest sealed pack that waits for a name, if any; it is the caller's then. */
  nextSealed(): SealedPack | undefined {
    return this.#sealed.shift();
  }

  abort(): void {
    this.#current?.abort();
    this.#current = undefined;
    for (const pack of this.#sealed.splice(0)) unlinkIfThere(pack.file);
  }
}
