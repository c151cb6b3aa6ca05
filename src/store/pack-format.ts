import { createHash } from 'node:crypto';
import { OcrpipeError } from '../base/errors.js';
import { contentIdFromBytes, type ContentId } from '../base/content-id.js';
import {
  CODEC_RAW,
  FORMAT_VERSION,
  KIND_CODES,
  kindOfCode,
  MAX_PACK_OBJECTS,
  type ObjectKind,
} from './format.js';

/**
 * A pack, all integers little-endian:
 *   header, 32 bytes: "OCRP", u8 version, 11 zero bytes, 16 bytes of salt
 *   data: the objects' bytes, one after the other
 *   table, 40 bytes an object in the order of the data: id 32, kind u8, codec u8, stored length u48
 *   trailer, 16 bytes: u32 count, u64 length of the data, "OCRE"
 * The file is exactly header + data + table + trailer long. The pack's id is the SHA-256 of header + table + trailer:
 * with the objects' ids in the table it covers every bit.
 */
export const PACK_HEADER_BYTES = 32;
export const PACK_TRAILER_BYTES = 16;
export const PACK_ENTRY_BYTES = 40;
export const PACK_SALT_BYTES = 16;

/** Longest object that a reader accepts from a pack, in bytes; ours are below 1 MiB. */
const MAX_PACKED_OBJECT_BYTES = 64 * 1024 * 1024;

const HEADER_MAGIC = 'OCRP';
const TRAILER_MAGIC = 'OCRE';
const SALT_OFFSET = 16;

/** One object in a pack; `offset` counts from the start of the file. */
export interface PackEntry {
  kind: ObjectKind;
  id: ContentId;
  offset: number;
  length: number;
}

export function packDamaged(where: string, reason: string): OcrpipeError {
  return new OcrpipeError('pack-damaged', `the pack ${where} is damaged: ${reason}`, {
    hint: "Run 'ocrpipe add' where the files are, or 'ocrpipe pull' to get them from a remote: either stores anew what was in it.",
  });
}

/** The header of a pack; `salt` (16 bytes) is zero unless equal packs must get different names. */
export function encodePackHeader(salt?: Uint8Array): Buffer {
  const header = Buffer.alloc(PACK_HEADER_BYTES);
  header.write(HEADER_MAGIC, 0, 'latin1');
  header[4] = FORMAT_VERSION;
  if (salt) header.set(salt.subarray(0, PACK_SALT_BYTES), SALT_OFFSET);
  return header;
}

/** Throws `pack-damaged` unless `header` is a header of this version. */
export function checkPackHeader(header: Uint8Array, where: string): void {
  const bytes = Buffer.from(header.buffer, header.byteOffset, header.length);
  if (bytes.length !== PACK_HEADER_BYTES || bytes.toString('latin1', 0, 4) !== HEADER_MAGIC) {
    throw packDamaged(where, "it does not begin with 'OCRP'");
  }
  if (bytes[4] !== FORMAT_VERSION) throw packDamaged(where, `its version ${bytes[4]!} is unknown`);
  if (bytes.subarray(5, SALT_OFFSET).some((byte) => byte !== 0)) {
    throw packDamaged(where, 'reserved bytes of its header are not zero');
  }
}

/** Writes one table entry at `offset` of `target`. */
export function encodePackEntry(
  target: Buffer,
  offset: number,
  entry: { kind: ObjectKind; id: ContentId; length: number },
): void {
  target.write(entry.id, offset, 32, 'hex');
  target[offset + 32] = KIND_CODES[entry.kind];
  target[offset + 33] = CODEC_RAW;
  target.writeUIntLE(entry.length, offset + 34, 6);
}

export function encodePackTrailer(count: number, dataLength: number): Buffer {
  const trailer = Buffer.alloc(PACK_TRAILER_BYTES);
  trailer.writeUInt32LE(count, 0);
  trailer.writeBigUInt64LE(BigInt(dataLength), 4);
  trailer.write(TRAILER_MAGIC, 12, 'latin1');
  return trailer;
}

/**
 * Reads the trailer of a file that is `size` bytes long and checks that the lengths sum up exactly. What it returns is safe
 * to allocate: `tableBytes` is at most 2.6 MB.
 */
export function decodePackTrailer(
  trailer: Buffer,
  size: number,
  where: string,
): { count: number; dataLength: number; tableBytes: number } {
  if (trailer.length !== PACK_TRAILER_BYTES || trailer.toString('latin1', 12, 16) !== TRAILER_MAGIC) {
    throw packDamaged(where, "it does not end with 'OCRE'");
  }
  const count = trailer.readUInt32LE(0);
  const data = trailer.readBigUInt64LE(4);
  if (count > MAX_PACK_OBJECTS) throw packDamaged(where, `it claims ${count} objects`);
  const tableBytes = PACK_ENTRY_BYTES * count;
  if (data !== BigInt(size) - BigInt(PACK_HEADER_BYTES + PACK_TRAILER_BYTES + tableBytes)) {
    throw packDamaged(where, 'its size is not the sum of its parts');
  }
  return { count, dataLength: Number(data), tableBytes };
}

/** The name of a pack with these parts. */
export function packIdOf(header: Uint8Array, table: Uint8Array, trailer: Uint8Array): ContentId {
  return createHash('sha256').update(header).update(table).update(trailer).digest('hex') as ContentId;
}

/** The table of one pack, kept as its raw bytes: 48 bytes of memory an object. */
export class PackTable {
  readonly packId: ContentId;
  readonly count: number;
  /** Bytes of the whole pack file. */
  readonly size: number;
  readonly #raw: Buffer;
  readonly #offsets: Float64Array;

  private constructor(packId: ContentId, raw: Buffer, offsets: Float64Array) {
    this.packId = packId;
    this.count = raw.length / PACK_ENTRY_BYTES;
    this.#raw = raw;
    this.#offsets = offsets;
    this.size = offsets[this.count]! + raw.length + PACK_TRAILER_BYTES;
  }

  /**
   * Checks and takes over the raw table bytes of the pack `packId`. Throws `pack-damaged` for an unknown kind or codec, an
   * object longer than any reader accepts, or lengths that do not sum up to `dataLength`. The caller has compared the
   * pack's id or checked the bytes otherwise.
   */
  static decode(raw: Buffer, packId: ContentId, dataLength?: number): PackTable {
    if (raw.length % PACK_ENTRY_BYTES !== 0 || raw.length > PACK_ENTRY_BYTES * MAX_PACK_OBJECTS) {
      throw packDamaged(packId, 'its table has an impossible length');
    }
    const count = raw.length / PACK_ENTRY_BYTES;
    const offsets = new Float64Array(count + 1);
    let offset = PACK_HEADER_BYTES;
    for (let index = 0; index < count; index += 1) {
      offsets[index] = offset;
      offset += checkedLength(raw, index * PACK_ENTRY_BYTES, packId);
    }
    offsets[count] = offset;
    if (dataLength !== undefined && offset !== PACK_HEADER_BYTES + dataLength) {
      throw packDamaged(packId, 'the lengths in its table do not sum up to its data');
    }
    return new PackTable(packId, raw, offsets);
  }

  /** The raw table, 40 bytes an object. Not to be changed. */
  get raw(): Buffer {
    return this.#raw;
  }

  kindAt(index: number): ObjectKind {
    return kindOfCode(this.#raw[index * PACK_ENTRY_BYTES + 32]!)!;
  }

  idAt(index: number): ContentId {
    return contentIdFromBytes(this.#raw, index * PACK_ENTRY_BYTES);
  }

  offsetAt(index: number): number {
    return this.#offsets[index]!;
  }

  lengthAt(index: number): number {
    return this.#offsets[index + 1]! - this.#offsets[index]!;
  }

  entry(index: number): PackEntry {
    return {
      kind: this.kindAt(index),
      id: this.idAt(index),
      offset: this.offsetAt(index),
      length: this.lengthAt(index),
    };
  }

  /** The objects in the order of the data. */
  *entries(): Generator<PackEntry> {
    for (let index = 0; index < this.count; index += 1) yield this.entry(index);
  }
}

function checkedLength(raw: Buffer, at: number, where: string): number {
  const kind = raw[at + 32]!;
  const codec = raw[at + 33]!;
  const length = raw.readUIntLE(at + 34, 6);
  if (kindOfCode(kind) === undefined)
    throw packDamaged(where, `it holds an object of the unknown kind ${kind}`);
  if (codec !== CODEC_RAW) throw packDamaged(where, `it holds an object of the unknown codec ${codec}`);
  if (length > MAX_PACKED_OBJECT_BYTES) throw packDamaged(where, `it claims an object of ${length} bytes`);
  return length;
}
