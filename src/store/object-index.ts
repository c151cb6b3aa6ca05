import type { ContentId } from '../base/content-id.js';
import { KIND_CODES, type ObjectKind } from './format.js';
import { PACK_ENTRY_BYTES, type PackTable } from './pack-format.js';

/** Where an object stands: entry `index` of a pack's table. */
export interface Packed {
  table: PackTable;
  index: number;
}

const FIRST_SLOTS = 1024;
const MULTIPLIER = 0x9e3779b1;

/**
 * Finds objects in many packs at once: a hash table with open addressing over the packs' raw tables, 8 to 16 bytes of
 * memory an object beside the tables. It is memory only and made from the tables, so it can never be out of date with them.
 */
export class ObjectIndex {
  readonly #tables: PackTable[] = [];
  /** Number of the first object of each table. */
  readonly #starts: number[] = [];
  #slots = new Int32Array(FIRST_SLOTS);
  #count = 0;
  readonly #wanted = new WantedId();

  get tables(): readonly PackTable[] {
    return this.#tables;
  }

  add(table: PackTable): void {
    this.#tables.push(table);
    this.#starts.push(this.#count);
    const first = this.#count;
    this.#count += table.count;
    if (this.#count * 2 > this.#slots.length) this.#grow();
    else this.#insert(table, first);
  }

  has(kind: ObjectKind, id: ContentId): boolean {
    return this.find(kind, id) !== undefined;
  }

  /** The object in the pack that was added first, or undefined. */
  find(kind: ObjectKind, id: ContentId): Packed | undefined {
    return this.#probe(kind, id, 0);
  }

  /** The object in every pack that holds it: another copy may be sound where the first is damaged. */
  findAll(kind: ObjectKind, id: ContentId): Packed[] {
    const found: Packed[] = [];
    for (let packed = this.#probe(kind, id, 0); packed; packed = this.#probe(kind, id, found.length)) {
      found.push(packed);
    }
    return found;
  }

  /** The occurrence of the object that comes after `skip` others. */
  #probe(kind: ObjectKind, id: ContentId, skip: number): Packed | undefined {
    const wanted = this.#wanted.become(id);
    const code = KIND_CODES[kind];
    const mask = this.#slots.length - 1;
    let toSkip = skip;
    for (let slot = slotOf(wanted.word, code) & mask; ; slot = (slot + 1) & mask) {
      const number = this.#slots[slot]!;
      if (number === 0) return undefined;
      const packed = this.#packedAt(number - 1);
      const raw = packed.table.raw;
      const at = packed.index * PACK_ENTRY_BYTES;
      if (raw[at + 32] !== code || !wanted.isAt(raw, at)) continue;
      if (toSkip === 0) return packed;
      toSkip -= 1;
    }
  }

  #packedAt(number: number): Packed {
    let low = 0;
    for (let high = this.#starts.length - 1; low < high;) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle]! <= number) low = middle;
      else high = middle - 1;
    }
    return { table: this.#tables[low]!, index: number - this.#starts[low]! };
  }

  #grow(): void {
    let slots = this.#slots.length;
    while (slots < this.#count * 2) slots *= 2;
    this.#slots = new Int32Array(slots * 2);
    this.#tables.forEach((table, number) => {
      this.#insert(table, this.#starts[number]!);
    });
  }

  #insert(table: PackTable, first: number): void {
    const mask = this.#slots.length - 1;
    for (let index = 0; index < table.count; index += 1) {
      const at = index * PACK_ENTRY_BYTES;
      let slot = slotOf(table.raw.readInt32LE(at), table.raw[at + 32]!) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = first + index + 1;
    }
  }
}

/**
 * Finds the objects of a pack that is being written: a hash table with open addressing over the entries so far, which their
 * owner keeps in one buffer and hands in.
 */
export class GrowingIndex {
  #slots = new Int32Array(FIRST_SLOTS);
  #count = 0;
  readonly #wanted = new WantedId();

  /** Takes up the next entry of `entries`. */
  add(entries: Buffer): void {
    this.#count += 1;
    if (this.#count * 2 <= this.#slots.length) this.#insert(entries, this.#count - 1);
    else {
      this.#slots = new Int32Array(this.#slots.length * 2);
      for (let index = 0; index < this.#count; index += 1) this.#insert(entries, index);
    }
  }

  has(entries: Buffer, kind: ObjectKind, id: ContentId): boolean {
    const wanted = this.#wanted.become(id);
    const code = KIND_CODES[kind];
    const mask = this.#slots.length - 1;
    for (let slot = slotOf(wanted.word, code) & mask; ; slot = (slot + 1) & mask) {
      const number = this.#slots[slot]!;
      if (number === 0) return false;
      const at = (number - 1) * PACK_ENTRY_BYTES;
      if (entries[at + 32] === code && wanted.isAt(entries, at)) return true;
    }
  }

  #insert(entries: Buffer, index: number): void {
    const at = index * PACK_ENTRY_BYTES;
    const mask = this.#slots.length - 1;
    let slot = slotOf(entries.readInt32LE(at), entries[at + 32]!) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = index + 1;
  }
}

/**
 * An id that is looked for among raw ones. Nearly every look finds nothing, and meets no other id with the same first word: only
 * then are the other bytes made of the text.
 */
class WantedId {
  readonly #bytes = Buffer.alloc(32);
  #id: ContentId | undefined;
  #isInBytes = false;
  /** Its first four bytes, little-endian. */
  word = 0;

  become(id: ContentId): this {
    if (id === this.#id) return this;
    this.#id = id;
    this.#isInBytes = false;
    this.word = firstWord(id);
    return this;
  }

  isAt(raw: Buffer, at: number): boolean {
    if (raw.readInt32LE(at) !== this.word) return false;
    if (!this.#isInBytes) this.#bytes.write(this.#id!, 0, 32, 'hex');
    this.#isInBytes = true;
    // Faster than comparing the buffers, which leaves JavaScript for 32 bytes.
    for (let offset = 4; offset < 32; offset += 4)
      if (this.#bytes.readInt32LE(offset) !== raw.readInt32LE(at + offset)) return false;
    return true;
  }
}

function firstWord(id: ContentId): number {
  let word = 0;
  for (let at = 6; at >= 0; at -= 2)
    word = (word << 8) | (hexDigit(id.charCodeAt(at)) << 4) | hexDigit(id.charCodeAt(at + 1));
  return word;
}

/** The value of '0' to '9' or 'a' to 'f'. */
function hexDigit(code: number): number {
  return code < 58 ? code - 48 : code - 87;
}

function slotOf(word: number, kindCode: number): number {
  const mixed = Math.imul(word ^ kindCode, MULTIPLIER);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
