import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { READ_AT_ONCE } from '../base/cautious-read.js';
import { contentIdOf, type ContentId } from '../base/content-id.js';
import { objectDamaged } from './object-reader.js';
import { PACK_HEADER_BYTES, type PackEntry, type PackTable } from './pack-format.js';
import { readFully, readPackTable } from './pack-reader.js';

/** Bytes read at once: what verifying a pack of any size needs in memory. */
const SLAB_BYTES = 1024 * 1024;

/** An object of a pack that was read and hashed. */
export interface CheckedObject {
  entry: PackEntry;
  /** True if its bytes are those of its id. */
  sound: boolean;
  /** The bytes, valid until the next object is asked for; absent if they are not sound or longer than 1 MiB. */
  bytes?: Buffer;
}

/**
 * Reads a whole pack and compares every object with its id. Returns the checked table; throws `pack-damaged`, or
 * `object-damaged` for the first object whose bytes are wrong.
 */
export function verifyPackFile(file: string, expected?: ContentId): PackTable {
  return toTheEnd(verifyPackInSteps(file, expected));
}

/** The same, stopping after each object. */
export function* verifyPackInSteps(file: string, expected?: ContentId): Generator<0, PackTable> {
  const fd = openSync(file, READ_AT_ONCE);
  try {
    const table = readPackTable(fd, file, expected);
    for (const { entry, sound } of checkedObjects(fd, table)) {
      if (!sound) throw objectDamaged(entry.kind, entry.id, file, 'its bytes have another hash');
      yield 0;
    }
    return table;
  } finally {
    closeSync(fd);
  }
}

/** Reads the objects of an open pack in the order of the data, large reads for many small objects. */
export function* checkedObjects(fd: number, table: PackTable): Generator<CheckedObject> {
  const slab = new Slab(fd, table.offsetAt(table.count));
  for (const entry of table.entries()) {
    if (entry.length > SLAB_BYTES) {
      yield { entry, sound: hashOfRange(fd, entry) === entry.id };
      continue;
    }
    const bytes = slab.read(entry);
    const sound = bytes !== undefined && contentIdOf(bytes) === entry.id;
    yield sound ? { entry, sound, bytes } : { entry, sound };
  }
}

/** A part of a file in memory that moves along with what is read. */
class Slab {
  readonly #fd: number;
  readonly #fileEnd: number;
  readonly #bytes: Buffer;
  #start = PACK_HEADER_BYTES;
  #end = PACK_HEADER_BYTES;

  constructor(fd: number, fileEnd: number) {
    this.#fd = fd;
    this.#fileEnd = fileEnd;
    this.#bytes = Buffer.allocUnsafeSlow(Math.min(SLAB_BYTES, fileEnd - PACK_HEADER_BYTES));
  }

  /** The bytes of an entry of at most `SLAB_BYTES`, or undefined if the file ends before them. */
  read({ offset, length }: PackEntry): Buffer | undefined {
    if (offset + length > this.#end) {
      this.#start = offset;
      this.#end = Math.min(offset + SLAB_BYTES, this.#fileEnd);
      const target = this.#bytes.subarray(0, this.#end - this.#start);
      if (!readFully(this.#fd, target, this.#start)) this.#end = this.#start;
    }
    if (offset + length > this.#end) return undefined;
    return this.#bytes.subarray(offset - this.#start, offset + length - this.#start);
  }
}

/** The bytes of an entry that was found sound. Throws `object-damaged` if the file ends before. */
export function readEntry(fd: number, entry: PackEntry): Buffer {
  const bytes = Buffer.allocUnsafeSlow(entry.length);
  if (readFully(fd, bytes, entry.offset)) return bytes;
  throw objectDamaged(entry.kind, entry.id, 'its pack', 'the pack has become shorter');
}

/** SHA-256 of an open file from its start to its end, one slab in memory. */
export function hashOfOpenFile(fd: number): ContentId {
  return toTheEnd(hashInSteps(fd));
}

/** Does all steps of a piece of work at once. */
export function toTheEnd<T>(steps: Generator<unknown, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** The same, stopping after each slab. */
export function* hashInSteps(fd: number): Generator<0, ContentId> {
  const hash = createHash('sha256');
  const chunk = Buffer.allocUnsafeSlow(SLAB_BYTES);
  for (let at = 0; ;) {
    const read = readSync(fd, chunk, 0, chunk.length, at);
    if (read === 0) return hash.digest('hex') as ContentId;
    hash.update(chunk.subarray(0, read));
    at += read;
    yield 0;
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
