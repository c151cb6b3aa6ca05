import { fstatSync } from 'node:fs';
import { contentIdFromBytes, contentIdOf, type ContentId } from '../../base/content-id.js';
import { kindOfCode, MAX_PACK_OBJECTS } from '../format.js';
import {
  encodePackEntry,
  encodePackHeader,
  encodePackTrailer,
  PACK_ENTRY_BYTES,
  PACK_HEADER_BYTES,
  PACK_TRAILER_BYTES,
  packIdOf,
  type PackEntry,
} from '../pack-format.js';
import { readFully } from '../pack-reader.js';

/** What can be told of a pack whose header, table or trailer is damaged. */
export interface Recovered {
  /** Objects whose bytes are there, each compared with its id. In the order of the pack. */
  objects: readonly PackEntry[];
  /** True if these are all that the pack held. */
  whole: boolean;
}

/** An entry as the damaged table has it, and where its bytes are if no length before it, or none behind it, is wrong. */
interface Claim {
  kind: PackEntry['kind'] | undefined;
  id: ContentId;
  length: number;
  offsets: readonly number[];
}

/** A longer object is in no pack of ours. */
const MAX_LENGTH = 64 * 1024 * 1024;

/**
 * Finds what is sound in an open pack though its frame is not. Where the table begins is told from the trailer, or, as the
 * lengths in the table must sum up to the data, from the end of the table backwards. A wrong length moves what comes behind it:
 * each object is looked for as counted from the start, then as counted from the end. If ids or the frame alone are wrong,
 * the pack's own id says that the bytes that are there are the right ones.
 */
export function recoverPack(fd: number, packId: ContentId): Recovered {
  const claims = readClaims(fd);
  if (claims === undefined) return { objects: [], whole: false };
  const found = claims.map((claim) => soundEntry(fd, claim));
  const objects = found.filter((entry) => entry !== undefined);
  if (objects.length === claims.length) return { objects, whole: true };
  const rehashed = claims.map((claim, index) => found[index] ?? rehashedEntry(fd, claim));
  const all = rehashed.filter((entry) => entry !== undefined);
  const whole = all.length === claims.length && idOf(all) === packId;
  return whole ? { objects: all, whole } : { objects, whole };
}

function readClaims(fd: number): Claim[] | undefined {
  const { size } = fstatSync(fd);
  const tableEnd = size - PACK_TRAILER_BYTES;
  const most = Math.min(MAX_PACK_OBJECTS * PACK_ENTRY_BYTES, tableEnd - PACK_HEADER_BYTES);
  if (most < 0) return undefined;
  const tail = Buffer.alloc(most + PACK_TRAILER_BYTES);
  if (!readFully(fd, tail, tableEnd - most)) return undefined;
  const count = countBySums(tail.subarray(0, most), tableEnd) ?? countInTrailer(tail, most);
  if (count === undefined) return undefined;
  const start = most - count * PACK_ENTRY_BYTES;
  return claimsOf(tail.subarray(start, most), tableEnd - count * PACK_ENTRY_BYTES);
}

/** The number of entries, counted backwards, whose lengths fill the file with them. */
function countBySums(table: Buffer, tableEnd: number): number | undefined {
  let data = 0;
  for (let count = 1; count * PACK_ENTRY_BYTES <= table.length; count += 1) {
    data += table.readUIntLE(table.length - count * PACK_ENTRY_BYTES + 34, 6);
    if (PACK_HEADER_BYTES + data + count * PACK_ENTRY_BYTES === tableEnd) return count;
  }
  return undefined;
}

function countInTrailer(tail: Buffer, most: number): number | undefined {
  const count = tail.readUInt32LE(most);
  return count > 0 && count * PACK_ENTRY_BYTES <= most ? count : undefined;
}

function claimsOf(table: Buffer, dataEnd: number): Claim[] {
  const lengths = Array.from({ length: table.length / PACK_ENTRY_BYTES }, (_, index) =>
    table.readUIntLE(index * PACK_ENTRY_BYTES + 34, 6),
  );
  const total = lengths.reduce((sum, length) => sum + length, 0);
  let before = 0;
  return lengths.map((length, index) => {
    const at = index * PACK_ENTRY_BYTES;
    const fromStart = PACK_HEADER_BYTES + before;
    const fromEnd = dataEnd - (total - before);
    before += length;
    return {
      kind: kindOfCode(table[at + 32]!),
      id: contentIdFromBytes(table, at),
      length,
      offsets: fromStart === fromEnd ? [fromStart] : [fromStart, fromEnd],
    };
  });
}

function soundEntry(fd: number, claim: Claim): PackEntry | undefined {
  const { kind, id, length, offsets } = claim;
  if (kind === undefined) return undefined;
  const offset = offsets.find((each) => hashAt(fd, each, length) === id);
  return offset === undefined ? undefined : { kind, id, offset, length };
}

/** The entry with the id of the bytes that are there. */
function rehashedEntry(fd: number, { kind, length, offsets }: Claim): PackEntry | undefined {
  const offset = offsets[0]!;
  const id = hashAt(fd, offset, length);
  return kind === undefined || id === undefined ? undefined : { kind, id, offset, length };
}

function hashAt(fd: number, offset: number, length: number): ContentId | undefined {
  if (offset < PACK_HEADER_BYTES || length > MAX_LENGTH) return undefined;
  const bytes = Buffer.allocUnsafe(length);
  return readFully(fd, bytes, offset) ? contentIdOf(bytes) : undefined;
}

/** The id of a pack, without salt, of these objects. */
function idOf(entries: readonly PackEntry[]): ContentId {
  const table = Buffer.alloc(entries.length * PACK_ENTRY_BYTES);
  entries.forEach((entry, index) => {
    encodePackEntry(table, index * PACK_ENTRY_BYTES, entry);
  });
  const data = entries.reduce((sum, { length }) => sum + length, 0);
  return packIdOf(encodePackHeader(), table, encodePackTrailer(entries.length, data));
}
