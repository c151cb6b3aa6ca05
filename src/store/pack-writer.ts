import { closeSync, fchmodSync, fsyncSync, openSync } from 'node:fs';
import { writeAll } from '../base/atomic-file.js';
import type { ContentId } from '../base/content-id.js';
import { startFlush } from '../base/start-flush.js';
import { writePoint } from '../base/write-points.js';
import { MAX_PACK_DATA_BYTES, MAX_PACK_OBJECTS, OBJECT_MODE, type ObjectKind } from './format.js';
import { GrowingIndex } from './object-index.js';
import {
  encodePackEntry,
  encodePackHeader,
  encodePackTrailer,
  PACK_ENTRY_BYTES,
  packIdOf,
  PackTable,
} from './pack-format.js';
import { temporaryName, unlinkIfThere } from './temporary.js';

/** Bytes gathered before they are written: small, because several writers may be open at once. */
const SLAB_BYTES = 512 * 1024;
/** So many bytes are written from where they are: the copy would cost more than the call. */
const ENOUGH_BYTES = 64 * 1024;
/** The system is to begin with bringing bytes to disk when so many are written, so that `seal` waits for the last of them only. */
const BYTES_ON_THE_WAY = 16 * 1024 * 1024;
const FIRST_TABLE_BYTES = 256 * PACK_ENTRY_BYTES;

/** A whole pack that is flushed to disk under a temporary name. */
export interface SealedPack {
  id: ContentId;
  /** Where the file stands until it is renamed. */
  file: string;
  table: PackTable;
}

/**
 * Writes one pack to a temporary file in `tmp`, through a small slab. The same objects in the same order (and the same salt)
 * give the same file, byte for byte, and so the same name.
 */
export class PackWriter {
  readonly #file: string;
  readonly #fd: number;
  readonly #header: Buffer;
  readonly #slab = Buffer.allocUnsafe(SLAB_BYTES);
  #inSlab = 0;
  #table = Buffer.allocUnsafe(FIRST_TABLE_BYTES);
  readonly #index = new GrowingIndex();
  #count = 0;
  #dataLength = 0;
  /** Bytes written since the system was last asked to bring them to disk. */
  #onTheWay = 0;
  #open = true;

  /** `salt` (16 bytes) gives a pack of equal content another name; leave it out unless that is wanted. */
  constructor(tmp: string, salt?: Uint8Array) {
    this.#file = temporaryName(tmp);
    this.#header = encodePackHeader(salt);
    writePoint();
    this.#fd = openSync(this.#file, 'wx', 0o666);
    this.write(this.#header);
  }

  get count(): number {
    return this.#count;
  }

  /** Bytes of objects so far. */
  get dataLength(): number {
    return this.#dataLength;
  }

  has(kind: ObjectKind, id: ContentId): boolean {
    return this.#index.has(this.#table, kind, id);
  }

  /** False if an object of `length` bytes belongs into the next pack. */
  fits(length: number): boolean {
    return (
      this.#count < MAX_PACK_OBJECTS &&
      (this.#count === 0 || this.#dataLength + length <= MAX_PACK_DATA_BYTES)
    );
  }

  /** Appends an object. `id` must be the SHA-256 of `bytes`. The bytes are copied or written before this returns. */
  add(kind: ObjectKind, id: ContentId, bytes: Uint8Array): void {
    this.enter(kind, id, bytes.length);
    this.write(bytes);
  }

  /** Takes an object of `length` bytes up in the table. Its bytes are to follow, in the order of what was entered, by `write`. */
  enter(kind: ObjectKind, id: ContentId, length: number): void {
    const at = this.#count * PACK_ENTRY_BYTES;
    if (at === this.#table.length) this.#table = Buffer.concat([this.#table], this.#table.length * 2);
    encodePackEntry(this.#table, at, { kind, id, length });
    this.#index.add(this.#table);
    this.#count += 1;
    this.#dataLength += length;
  }

  /** Appends the bytes of objects that were entered. They are copied or written before this returns. */
  write(bytes: Uint8Array): void {
    if (this.#inSlab + bytes.length > SLAB_BYTES || bytes.length > ENOUGH_BYTES) this.#flush();
    if (bytes.length > ENOUGH_BYTES) {
      this.#writeOut(bytes);
      return;
    }
    this.#slab.set(bytes, this.#inSlab);
    this.#inSlab += bytes.length;
  }

  /** Writes table and trailer, flushes the file to disk and closes it. Nothing is named yet: the caller renames the file. */
  seal(): SealedPack {
    const table = Buffer.from(this.#table.subarray(0, this.#count * PACK_ENTRY_BYTES));
    const trailer = encodePackTrailer(this.#count, this.#dataLength);
    this.write(table);
    this.write(trailer);
    this.#flush();
    fchmodSync(this.#fd, OBJECT_MODE);
    fsyncSync(this.#fd);
    this.#close();
    const id = packIdOf(this.#header, table, trailer);
    return { id, file: this.#file, table: PackTable.decode(table, id, this.#dataLength) };
  }

  /** Gives up: closes and removes the temporary file. Harmless after `seal` took the file over. */
  abort(): void {
    if (!this.#open) return;
    this.#close();
    unlinkIfThere(this.#file);
  }

  #close(): void {
    this.#open = false;
    closeSync(this.#fd);
  }

  #flush(): void {
    if (this.#inSlab === 0) return;
    this.#writeOut(this.#slab.subarray(0, this.#inSlab));
    this.#inSlab = 0;
  }

  #writeOut(bytes: Uint8Array): void {
    writePoint();
    writeAll(this.#fd, bytes);
    this.#onTheWay += bytes.length;
    if (this.#onTheWay < BYTES_ON_THE_WAY) return;
    this.#onTheWay = 0;
    startFlush(this.#file);
  }
}
