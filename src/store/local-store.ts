import { join } from 'node:path';
import { writeAll } from '../base/atomic-file.js';
import type { ContentId } from '../base/content-id.js';
import { OcrpipeError, systemErrorCode } from '../base/errors.js';
import { ArrivedCopies } from './arrived-copies.js';
import {
  FOLDERS,
  FORMAT_VERSION,
  LARGE_BLOB_BYTES,
  objectKey,
  type ObjectKind,
  type StoreFormat,
} from './format.js';
import {
  hashOfFile,
  LooseObjects,
  type AdoptOptions,
  type LooseObject,
  type ReadOptions,
} from './loose-objects.js';
import { HEAL_HINT, objectDamaged, objectMissing, type ObjectReader } from './object-reader.js';
import type { Packed } from './object-index.js';
import type { PackTable } from './pack-format.js';
import { pinned } from './pinned.js';
import { PackShelf, type UnreadablePack } from './pack-shelf.js';
import { quarantineObject, quarantinePack } from './quarantine.js';
import { createStoreFolder, readStoreFolder } from './store-folder.js';
import { namePack, StoreWriter, type WriterOptions } from './store-writer.js';
import { makeDurable, removeAbandoned, temporaryName, unlinkIfThere } from './temporary.js';
import { Trash } from './trash.js';
import { toTheEnd, verifyPackFile } from './verify-pack.js';

/** Where an object stands in a local store. */
export type ObjectPlace =
  | { in: 'pack'; pack: ContentId; file: string; offset: number; length: number }
  | { in: 'file'; file: string; length: number };

/** Work that stops now and then, with 0 more files done, so that its caller can do something else or end it. */
type Steps<T = void> = Generator<0, T>;

/**
 * A store in a folder of this machine, or on a disk that machines share. Reading needs no lock: what has a name never
 * changes, and what a collection of garbage took away is found in the trash, from where it is brought back. So what `has`
 * found is there for the grace period at least, and must be named, or looked up again, before that is over. Several processes
 * may write at once. Close it to give the open files back.
 */
export class LocalStore implements ObjectReader {
  readonly root: string;
  readonly format: StoreFormat;
  readonly arrivedCopies = new ArrivedCopies();
  readonly #shelf: PackShelf;
  readonly #loose: LooseObjects;
  /** What was found damaged, kind and id, and in which file: told apart from what was never there. */
  readonly #damaged = new Map<string, string>();

  /** True once what died processes left was looked for. */
  #isTidy = false;
  /** Where small objects are read to be compared only. */
  #room: Buffer | undefined;
  /** False for one that only looks: damaged copies are left where they are. */
  readonly #heals: boolean;

  private constructor(root: string, format: StoreFormat, options: { inspect?: boolean } = {}) {
    this.root = root;
    this.format = format;
    const trash = new Trash(root, options);
    this.#shelf = new PackShelf(root, trash);
    this.#loose = new LooseObjects(root, trash, (id) => {
      this.#setObjectAside(id);
    });
    this.#heals = options.inspect !== true;
  }

  /** Opens the store at `root`. Throws `no-store`, `store-format-damaged` or `store-format-unknown`. */
  static open(root: string): LocalStore {
    return new LocalStore(root, readStoreFolder(root));
  }

  /** Opens the store at `root` and makes one if there is none; with `group`, one that the members of a group write to. */
  static create(root: string, options: { group?: boolean } = {}): LocalStore {
    return new LocalStore(root, createStoreFolder(root, options));
  }

  /** Opens the store at `root` to look at it: reading changes nothing there, not even to bring back what is in the trash. */
  static inspect(root: string): LocalStore {
    return new LocalStore(root, readStoreFolder(root), { inspect: true });
  }

  /** The store at `root` before it was made: nothing is in it, and nothing can be written to it. */
  static absent(root: string): LocalStore {
    return new LocalStore(root, { format: FORMAT_VERSION, store: '', features: [] });
  }

  has(kind: ObjectKind, id: ContentId, size?: number): boolean {
    return this.#shelf.has(kind, id) || (kind === 'blob' && this.#loose.has(id, size));
  }

  /** Like `has`, for many objects: of packs only those known since the last `refresh` count, and of files of their own those of large blobs. */
  knows(kind: ObjectKind, id: ContentId, size?: number): boolean {
    const mayBeLarge = kind === 'blob' && (size ?? LARGE_BLOB_BYTES) >= LARGE_BLOB_BYTES;
    return this.#shelf.knows(kind, id) || (mayBeLarge && this.#loose.has(id, size));
  }

  /** The packs that stand in the store at this moment, with their bytes. */
  packSizes(): Map<ContentId, number> {
    return this.#shelf.sizes();
  }

  /**
   * True if the store has the object and its bytes, read now, are those of its id: for who is about to give up another copy.
   * Costs a read of the whole object; a copy that is found damaged counts as absent from then on. `holdsInSteps` does it
   * as `copyBlob` does, for what may be large.
   */
  holds(kind: ObjectKind, id: ContentId, size?: number): boolean {
    return toTheEnd(this.holdsInSteps(kind, id, size));
  }

  *holdsInSteps(kind: ObjectKind, id: ContentId, size?: number): Steps<boolean> {
    if (this.#shelf.has(kind, id) && this.#isSoundPacked(kind, id)) return true;
    if (kind !== 'blob' || !this.#loose.has(id, size)) return false;
    return (this.#loose.sizeOf(id) ?? 0) >= LARGE_BLOB_BYTES
      ? yield* this.#isSoundLarge(id)
      : this.#readLoose(kind, id) !== undefined;
  }

  /**
   * The verified bytes of an object. Every copy that the store has is tried before `object-damaged` is thrown;
   * `object-missing` if there is none. A copy with wrong bytes is moved to `quarantine/` and counts as absent from then on, so
   * that the next `add` or `pull` stores the object anew. Large blobs are better copied with `copyBlob`.
   */
  read(kind: ObjectKind, id: ContentId): Buffer {
    const bytes = this.#readPacked(kind, id) ?? this.#readLoose(kind, id);
    if (bytes) return bytes;
    // Before an object is called missing, look once more whatever the folder's time says: clocks of shared disks differ.
    const found = this.#shelf.refresh(true) ? this.#readPacked(kind, id) : undefined;
    if (found) return found;
    throw this.#unreadable(kind, id);
  }

  /** Where the first copy of an object stands, or undefined. Its bytes are not verified. */
  locate(kind: ObjectKind, id: ContentId): ObjectPlace | undefined {
    const packed = this.#shelf.find(kind, id);
    if (packed) return this.#placeOf(packed);
    const length = kind === 'blob' ? this.#loose.sizeOf(id) : undefined;
    return length === undefined ? undefined : { in: 'file', file: this.#loose.fileOf(id), length };
  }

  /** Bytes of a blob, as the store has it; undefined if it has not. */
  sizeOf(blob: ContentId): number | undefined {
    return this.locate('blob', blob)?.length;
  }

  /**
   * Writes a blob's bytes to an open file. Only when it ends without an error are they those of the id: it throws, and sets
   * damaged copies aside, like `read`.
   *
   * Done in steps, as a large blob takes long: it stops after each chunk, and its caller goes on or, by `return`, gives it up.
   */
  *copyBlob(id: ContentId, fd: number): Steps {
    const large = this.#loose.sizeOf(id);
    const isLarge = large !== undefined && large >= LARGE_BLOB_BYTES;
    for (const chunk of isLarge ? this.#chunksOf(id, { trustArrived: true }) : [this.read('blob', id)]) {
      writeAll(fd, chunk);
      yield 0;
    }
  }

  /** Looks again at what other processes brought and took away, before something is named because it is there. */
  refresh(): void {
    this.#shelf.refresh(true);
  }

  /** Begins to write objects. Use one writer for one piece of work, and end it with `finish` or `abort`. */
  writer(options: WriterOptions = {}): StoreWriter {
    if (!this.#isTidy) removeAbandoned(join(this.root, FOLDERS.tmp));
    this.#isTidy = true;
    this.#shelf.refresh();
    return new StoreWriter({ root: this.root, shelf: this.#shelf, loose: this.#loose }, options);
  }

  /** A fresh name in the store's own `tmp/`, from where a rename into the store is atomic. */
  temporaryFile(): string {
    return temporaryName(join(this.root, FOLDERS.tmp));
  }

  /** The tables of all packs, sorted by pack id. */
  packs(): PackTable[] {
    return this.#shelf.tables();
  }

  /** Packs whose table cannot be trusted: none of their objects count as present. */
  unreadablePacks(): UnreadablePack[] {
    return this.#shelf.unreadable();
  }

  packFile(id: ContentId): string {
    return this.#shelf.fileOf(id);
  }

  objectFile(id: ContentId): string {
    return this.#loose.fileOf(id);
  }

  /** `object-damaged` for an object that was found so since the store was opened, and counts as absent since; else undefined. */
  damageOf(kind: ObjectKind, id: ContentId): OcrpipeError | undefined {
    const file = this.#damaged.get(kind + id);
    return file === undefined ? undefined : objectDamaged(kind, id, file, 'its bytes have another hash');
  }

  /**
   * The file of a large blob, sealed, to be linked to or cloned from: who was given a second name for it reads these bytes.
   * Throws `object-missing`, or `object-damaged` for one that was written to.
   */
  sealedFile(id: ContentId): string {
    if (this.#loose.sizeOf(id) === undefined) throw this.#unreadable('blob', id);
    return this.#loose.fileOf(id);
  }

  /** The large blobs, sorted by id. */
  looseObjects(): Generator<LooseObject> {
    return this.#loose.list();
  }

  /**
   * Takes over a pack file of `tmp/` after every object in it was verified; flushes and renames it. With `expected` it must
   * be that very pack; `verified` is what the caller's own verification of that file returned. Throws `pack-damaged` or
   * `object-damaged` and removes the file.
   */
  adoptPack(temporary: string, expected?: ContentId, verified?: PackTable): PackTable {
    try {
      const table = verified ?? verifyPackFile(temporary, expected);
      makeDurable(temporary);
      namePack(
        { root: this.root, shelf: this.#shelf, loose: this.#loose },
        { id: table.packId, file: temporary, table },
      );
      return table;
    } catch (error) {
      unlinkIfThere(temporary);
      throw error;
    }
  }

  /** Takes over a large blob in `tmp/` after comparing its hash; flushes and renames it. Throws `object-damaged`. */
  async adoptObject(temporary: string, id: ContentId, options: AdoptOptions = {}): Promise<void> {
    await this.#loose.adopt(temporary, id, options);
  }

  /**
   * Reads a whole pack and compares every object with its id, before it is relied on as it is. Throws `object-damaged`, and
   * then has set it aside.
   */
  checkPack(table: PackTable): void {
    try {
      this.#shelf.withFile(table.packId, (file) => verifyPackFile(file, table.packId));
    } catch (error) {
      if (error instanceof OcrpipeError) this.#setPackAside(table);
      throw error;
    }
  }

  /** Compares a large blob with its id, before it is relied on as it is. Throws `object-damaged`, and then has set it aside. */
  async checkObject(id: ContentId, options: { signal?: AbortSignal } = {}): Promise<void> {
    if ((await this.#loose.withFile(id, (file) => hashOfFile(file, options))) === id) return;
    this.#setObjectAside(id);
    throw this.#unreadable('blob', id);
  }

  /**
   * Compares a large blob with its id, unless `use` does (`unchecked`), then calls `use` with a name of its file that stays while it
   * works. Throws `object-damaged`.
   */
  async withObject<T>(
    id: ContentId,
    use: (file: string) => Promise<T>,
    { unchecked = false, ...options }: { signal?: AbortSignal; unchecked?: boolean } = {},
  ): Promise<T> {
    if (!unchecked) await this.checkObject(id, options);
    return pinned(this.root, objectKey(id), use);
  }

  /** Closes the packs that are open. The store can still be used: it opens them again. */
  close(): void {
    this.arrivedCopies.close();
    this.#shelf.close();
  }

  #readPacked(kind: ObjectKind, id: ContentId): Buffer | undefined {
    for (const packed of this.#shelf.findAll(kind, id)) {
      const bytes = this.#readCopy(packed);
      if (bytes) return bytes;
      this.#damaged.set(kind + id, this.#shelf.fileOf(packed.table.packId));
      this.#setPackAside(packed.table);
    }
    return undefined;
  }

  /** True if a copy in a pack is sound; bad ones are set aside. For many objects: nothing is kept of what is read. */
  #isSoundPacked(kind: ObjectKind, id: ContentId): boolean {
    const packed = this.#shelf.find(kind, id);
    if (packed === undefined) return false;
    this.#room ??= Buffer.allocUnsafeSlow(LARGE_BLOB_BYTES);
    const { table, index } = packed;
    try {
      if (this.#shelf.reader(table).isSound(table.entry(index), this.#room)) return true;
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error;
    }
    return this.#readPacked(kind, id) !== undefined;
  }

  #readLoose(kind: ObjectKind, id: ContentId): Buffer | undefined {
    if (kind !== 'blob') return undefined;
    try {
      const bytes = this.#loose.read(id);
      if (!bytes) this.#setObjectAside(id);
      return bytes;
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  #readCopy(packed: Packed): Buffer | undefined {
    try {
      return this.#shelf.reader(packed.table).readObject(packed.table.entry(packed.index));
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error;
      this.#shelf.refresh(true);
      const moved = this.#shelf.find(packed.table.kindAt(packed.index), packed.table.idAt(packed.index));
      if (!moved || moved.table === packed.table) return undefined;
      return this.#shelf.reader(moved.table).readObject(moved.table.entry(moved.index));
    }
  }

  #setPackAside(table: PackTable): void {
    if (!this.#heals) return;
    const pack = { file: this.#shelf.fileOf(table.packId), table };
    const target = { root: this.root, shelf: this.#shelf, loose: this.#loose };
    try {
      const moved = quarantinePack(this.root, pack, (sound) => {
        namePack(target, sound);
      });
      if (moved) this.#shelf.refresh(true);
    } catch (error) {
      // A store that cannot be written keeps the damaged file: it is refused again whenever it is read.
      if (systemErrorCode(error) === undefined) throw error;
    }
  }

  #setObjectAside(id: ContentId): void {
    const file = this.#loose.fileOf(id);
    this.#damaged.set(`blob${id}`, file);
    if (!this.#heals) return;
    try {
      quarantineObject(this.root, file, id);
    } catch (error) {
      if (systemErrorCode(error) === undefined) throw error;
    }
  }

  #unreadable(kind: ObjectKind, id: ContentId): OcrpipeError {
    const damaged = this.damageOf(kind, id);
    if (damaged) return damaged;
    const [pack] = this.#shelf.unreadable();
    const hint = pack && `It may have been in ${pack.where}, which is damaged. ${HEAL_HINT}`;
    return objectMissing(kind, id, this.root, hint);
  }

  #placeOf(packed: Packed): ObjectPlace {
    const { offset, length } = packed.table.entry(packed.index);
    const pack = packed.table.packId;
    return { in: 'pack', pack, file: this.#shelf.fileOf(pack), offset, length };
  }

  /** True if a large blob, read to its end, is that of the id; if not, it is set aside. */
  *#isSoundLarge(id: ContentId): Steps<boolean> {
    const chunks = this.#chunksOf(id);
    try {
      while (chunks.next().done !== true) yield 0;
      return true;
    } catch (error) {
      if (error instanceof OcrpipeError && error.code === 'object-damaged') return false;
      throw error;
    } finally {
      // Whoever gives up leaves no file open.
      chunks.return(undefined);
    }
  }

  /**
   * The bytes of a large blob. Only when it ends without an error are they those of the id: else it sets the blob aside and
   * throws `object-damaged`. A chunk is overwritten by the next.
   */
  *#chunksOf(id: ContentId, options: ReadOptions = {}): Generator<Uint8Array, void> {
    if (yield* this.#loose.chunksOf(id, options)) return;
    this.#setObjectAside(id);
    throw this.#unreadable('blob', id);
  }
}
