import { contentIdFromBytes, type ContentId } from '../base/content-id.js';
import { KIND_CODES, type ObjectKind } from './format.js';
import { PACK_ENTRY_BYTES, type PackTable } from './pack-format.js';

/** Where an object stands: entry `index` of a pack's table. */
export interface Packed {
  table: PackTable;
  index: number;
}

const FIRST_SLOTS = 1024;
/** So often all entries are searched before a hash table is made of them. */
const FEW_LOOKS = 4;
const MULTIPLIER = 0x9e3779b1;

/**
 * Finds objects in many packs at once: hash tables with open addressing over the packs' raw tables, 8 to 16 bytes of
 * memory an object beside the tables. It is memory only and made from the tables, so it can never be out of date with them. Files and
 * nodes have a hash table each, made when several were looked for: who asks for a few does not pay for hundreds of thousands.
 */
export class ObjectIndex {
  readonly #tables: PackTable[] = [];
  /** Number of the first object of each table. */
  readonly #starts: number[] = [];
  #count = 0;
  readonly #files = new Slots((code) => code === KIND_CODES.blob);
  readonly #others = new Slots((code) => code !== KIND_CODES.blob);
  readonly #wanted = new WantedId();
  /** What the last search did not find, in so many tables: who then reads one more table asks again. */
  #missed: { id?: ContentId; code?: number; tables: number } = { tables: 0 };

  get tables(): readonly PackTable[] {
    return this.#tables;
  }

  add(table: PackTable): void {
    this.#tables.push(table);
    this.#starts.push(this.#count);
    this.#count += table.count;
  }

  has(kind: ObjectKind, id: ContentId): boolean {
    return this.find(kind, id) !== undefined;
  }

  /** The object in the pack that was added first, or undefined. */
  find(kind: ObjectKind, id: ContentId): Packed | undefined {
    return this.#probe(kind, id, 0);
  }

  /** True if the blob whose id stands in `raw` at `at` is in a pack. */
  hasFileAt(raw: Buffer, at: number): boolean {
    if (!this.#files.isMade) return this.has('blob', contentIdFromBytes(raw, at));
    const wanted = this.#wanted.becomeRaw(raw, at);
    return this.#inSlots(this.#files, wanted, { code: KIND_CODES.blob, skip: 0 }) !== undefined;
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
    const code = KIND_CODES[kind];
    const ofKind = kind === 'blob' ? this.#files : this.#others;
    const searched = this.#missed.id === id && this.#missed.code === code ? this.#missed.tables : 0;
    if (searched > 0 && !ofKind.isMade) return this.#search(id, { code, skip, from: searched });
    if (!ofKind.isWorthMaking(this.#tables)) return this.#search(id, { code, skip, from: 0 });
    return this.#inSlots(ofKind, this.#wanted.become(id), { code, skip });
  }

  #inSlots(
    ofKind: Slots,
    wanted: WantedId,
    { code, skip }: { code: number; skip: number },
  ): Packed | undefined {
    const slots = ofKind.of(this.#tables, this.#starts);
    const mask = slots.length - 1;
    let toSkip = skip;
    for (let slot = slotOf(wanted.word, code) & mask; ; slot = (slot + 1) & mask) {
      const number = slots[slot]!;
      if (number === 0) return undefined;
      const packed = this.#packedAt(number - 1);
      const raw = packed.table.raw;
      const at = packed.index * PACK_ENTRY_BYTES;
      if (raw[at + 32] !== code || !wanted.isAt(raw, at)) continue;
      if (toSkip === 0) return packed;
      toSkip -= 1;
    }
  }

  /** The same without a hash table, entry by entry, in the tables from number `from` on. */
  #search(
    id: ContentId,
    { code, skip, from }: { code: number; skip: number; from: number },
  ): Packed | undefined {
    const wanted = this.#wanted.become(id);
    let toSkip = skip;
    for (let number = from; number < this.#tables.length; number += 1) {
      const table = this.#tables[number]!;
      const { raw, count } = table;
      for (let index = 0; index < count; index += 1) {
        const at = index * PACK_ENTRY_BYTES;
        if (!wanted.isAt(raw, at) || raw[at + 32] !== code) continue;
        if (toSkip === 0) return { table, index };
        toSkip -= 1;
      }
    }
    if (toSkip === skip) this.#missed = { id, code, tables: this.#tables.length };
    return undefined;
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
}

/** The hash table over objects of some kinds: their numbers, counted from 1; 0 where there is none. */
class Slots {
  readonly #holds: (kindCode: number) => boolean;
  #slots = new Int32Array(FIRST_SLOTS);
  #count = 0;
  /** So many tables are in it. */
  #included = 0;
  #looks = 0;

  constructor(holds: (kindCode: number) => boolean) {
    this.#holds = holds;
  }

  get isMade(): boolean {
    return this.#included > 0;
  }

  /** False for the first few looks: to search costs less than to make the table anew. */
  isWorthMaking(tables: readonly PackTable[]): boolean {
    this.#looks += 1;
    return this.isMade || tables.length === 0 || this.#looks > FEW_LOOKS;
  }

  /** With all of `tables`, of which earlier calls knew the first ones; `starts` has the number of the first object of each. */
  of(tables: readonly PackTable[], starts: readonly number[]): Int32Array {
    if (this.#included === tables.length) return this.#slots;
    const added = tables.slice(this.#included);
    this.#count += added.reduce((sum, table) => sum + this.#countIn(table), 0);
    const isTooSmall = this.#count * 2 > this.#slots.length;
    if (isTooSmall) this.#slots = new Int32Array(slotsFor(this.#count));
    for (let number = isTooSmall ? 0 : this.#included; number < tables.length; number += 1)
      this.#insert(tables[number]!, starts[number]!);
    this.#included = tables.length;
    return this.#slots;
  }

  #countIn({ raw }: PackTable): number {
    let count = 0;
    for (let at = 32; at < raw.length; at += PACK_ENTRY_BYTES) if (this.#holds(raw[at]!)) count += 1;
    return count;
  }

  #insert({ raw, count }: PackTable, first: number): void {
    const mask = this.#slots.length - 1;
    for (let index = 0; index < count; index += 1) {
      const at = index * PACK_ENTRY_BYTES;
      const code = raw[at + 32]!;
      if (!this.#holds(code)) continue;
      let slot = slotOf(raw.readInt32LE(at), code) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = first + index + 1;
    }
  }
}

/** A quarter full at most, so that it is not made anew for each pack that comes. */
function slotsFor(count: number): number {
  let slots = FIRST_SLOTS;
  while (slots < count * 2) slots *= 2;
  return slots * 2;
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
  readonly #ownBytes = Buffer.alloc(32);
  #id: ContentId | undefined;
  /** Where its bytes are; undefined until they are made of the text. */
  #bytes: Buffer | undefined;
  #at = 0;
  /** Its first four bytes, little-endian. */
  word = 0;

  become(id: ContentId): this {
    if (id === this.#id) return this;
    this.#id = id;
    this.#bytes = undefined;
    this.word = firstWord(id);
    return this;
  }

  /** The id that stands in `raw` at `at`, as long as it does. */
  becomeRaw(raw: Buffer, at: number): this {
    this.#id = undefined;
    this.#bytes = raw;
    this.#at = at;
    this.word = raw.readInt32LE(at);
    return this;
  }

  isAt(raw: Buffer, at: number): boolean {
    if (raw.readInt32LE(at) !== this.word) return false;
    const bytes = this.#bytes ?? this.#bytesOfText();
    // Faster than comparing the buffers, which leaves JavaScript for 32 bytes.
    for (let offset = 4; offset < 32; offset += 4)
      if (bytes.readInt32LE(this.#at + offset) !== raw.readInt32LE(at + offset)) return false;
    return true;
  }

  #bytesOfText(): Buffer {
    this.#ownBytes.write(this.#id!, 0, 32, 'hex');
    this.#at = 0;
    return (this.#bytes = this.#ownBytes);
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
