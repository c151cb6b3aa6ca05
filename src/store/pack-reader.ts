import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { READ_AT_ONCE } from '../base/cautious-read.js';
import { contentIdOf, type ContentId } from '../base/content-id.js';
import { OcrpipeError, systemErrorCode } from '../base/errors.js';
import {
  checkPackHeader,
  decodePackTrailer,
  PACK_HEADER_BYTES,
  PACK_TRAILER_BYTES,
  packDamaged,
  packIdOf,
  PackTable,
  type PackEntry,
} from './pack-format.js';

/** Fills `target` from `position` of an open file; false if the file ends before. */
export function readFully(fd: number, target: Uint8Array, position: number): boolean {
  for (let done = 0; done < target.length;) {
    const read = readSync(fd, target, done, target.length - done, position + done);
    if (read === 0) return false;
    done += read;
  }
  return true;
}

/**
 * The table of an open pack file. Sizes are checked against the file before anything is allocated, and the SHA-256 of
 * header, table and trailer is the pack's id. Throws `pack-damaged` for what is no pack, or not the pack `expected`.
 */
export function readPackTable(fd: number, where: string, expected?: ContentId): PackTable {
  const stat = fstatSync(fd);
  if (!stat.isFile()) throw packDamaged(where, 'it is no file');
  const { size } = stat;
  const header = Buffer.alloc(PACK_HEADER_BYTES);
  const trailer = Buffer.alloc(PACK_TRAILER_BYTES);
  if (
    size < PACK_HEADER_BYTES + PACK_TRAILER_BYTES ||
    !readFully(fd, header, 0) ||
    !readFully(fd, trailer, size - PACK_TRAILER_BYTES)
  ) {
    throw packDamaged(where, 'it is too short');
  }
  checkPackHeader(header, where);
  const { dataLength, tableBytes } = decodePackTrailer(trailer, size, where);
  const table = Buffer.allocUnsafe(tableBytes);
  if (!readFully(fd, table, PACK_HEADER_BYTES + dataLength)) throw packDamaged(where, 'it is too short');
  const id = packIdOf(header, table, trailer);
  if (expected !== undefined && id !== expected) {
    throw packDamaged(where, 'its header, table and trailer are not those that its name stands for');
  }
  return PackTable.decode(table, id, dataLength);
}

/** One pack file, open for reading. */
export class PackReader {
  readonly table: PackTable;
  readonly file: string;
  readonly #fd: number;

  private constructor(file: string, fd: number, table: PackTable) {
    this.file = file;
    this.#fd = fd;
    this.table = table;
  }

  /** Opens a pack and checks its table. With a `table` at hand that was checked before, only opens it. */
  static open(file: string, known?: { id?: ContentId; table?: PackTable }): PackReader {
    const fd = openSync(file, READ_AT_ONCE);
    try {
      return new PackReader(file, fd, known?.table ?? readPackTable(fd, file, known?.id));
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** The bytes of one object, or undefined if they are not those that the entry's id names. */
  readObject(entry: PackEntry): Buffer | undefined {
    const bytes = Buffer.allocUnsafe(entry.length);
    return this.#reads(entry, bytes) ? bytes : undefined;
  }

  /** True if its bytes are those that the entry's id names; they are read into `room`, if that is large enough. */
  isSound(entry: PackEntry, room: Buffer): boolean {
    const { length } = entry;
    return this.#reads(entry, length <= room.length ? room.subarray(0, length) : Buffer.allocUnsafe(length));
  }

  #reads({ id, offset }: PackEntry, bytes: Buffer): boolean {
    return readFully(this.#fd, bytes, offset) && contentIdOf(bytes) === id;
  }

  /** Bytes `offset` to `offset + length` of the file, not verified: for sending. Throws `pack-damaged` past its end. */
  readRange(offset: number, length: number): Buffer {
    if (offset < 0 || length < 0 || offset + length > this.table.size) {
      throw packDamaged(this.file, `it has no bytes ${offset} to ${offset + length}`);
    }
    const bytes = Buffer.allocUnsafeSlow(length);
    if (!readFully(this.#fd, bytes, offset)) throw packDamaged(this.file, 'it is too short');
    return bytes;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** The table of the pack `id` in a file; undefined if it cannot be trusted, or is gone. */
export function readSoundTable(file: string, id: ContentId): PackTable | undefined {
  try {
    const reader = PackReader.open(file, { id });
    reader.close();
    return reader.table;
  } catch (error) {
    if (error instanceof OcrpipeError || systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
