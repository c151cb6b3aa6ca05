import { createHash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { contentIdOf, type ContentId } from '../base/content-id.js';
import { objectDamaged } from './object-reader.js';
import { PACK_HEADER_BYTES, type PackEntry, type PackTable } from './pack-format.js';
import { readFully, readPackTable } from './pack-reader.js';

/** Bytes read at once: what verifying a pack of any size needs in memory. */
const SLAB_BYTES = 1024 * 1024;

/**
 * Reads a whole pack and compares every object with its id. Returns the checked table; throws `pack-damaged`, or
 * `object-damaged` for the first object whose bytes are wrong.
 */
export function verifyPackFile(file: string, expected?: ContentId): PackTable {
  const fd = openSync(file, 'r');
  try {
    const table = readPackTable(fd, file, expected);
    for (const entry of damagedEntries(fd, table)) {
      throw objectDamaged(entry.kind, entry.id, file, 'its bytes have another hash');
    }
    return table;
  } finally {
    closeSync(fd);
  }
}

/** The objects of an open pack whose bytes are not those of their ids, in the order of the data. */
export function* damagedEntries(fd: number, table: PackTable): Generator<PackEntry> {
  const slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  let slabStart = PACK_HEADER_BYTES;
  let slabEnd = PACK_HEADER_BYTES;
  const dataEnd = table.offsetAt(table.count);
  for (const entry of table.entries()) {
    const end = entry.offset + entry.length;
    if (entry.length <= SLAB_BYTES && end > slabEnd) {
      slabStart = entry.offset;
      slabEnd = Math.min(slabStart + SLAB_BYTES, dataEnd);
      if (!readFully(fd, slab.subarray(0, slabEnd - slabStart), slabStart)) slabEnd = slabStart;
    }
    const id =
      entry.length > SLAB_BYTES
        ? hashOfRange(fd, entry)
        : end <= slabEnd
          ? contentIdOf(slab.subarray(entry.offset - slabStart, end - slabStart))
          : undefined;
    if (id !== entry.id) yield entry;
  }
}

function hashOfRange(fd: number, entry: PackEntry): string | undefined {
  const hash = createHash('sha256');
  const chunk = Buffer.allocUnsafeSlow(SLAB_BYTES);
  for (let done = 0; done < entry.length;) {
    const part = chunk.subarray(0, Math.min(SLAB_BYTES, entry.length - done));
    if (!readFully(fd, part, entry.offset + done)) return undefined;
    hash.update(part);
    done += part.length;
  }
  return hash.digest('hex');
}
