import { nameProblem } from './byte-name.js';
import { contentIdFromBytes, type ContentId } from '../base/content-id.js';
import { FORMAT_VERSION } from './format.js';
import { endsNode, finished, NO_BYTES, withByte } from './name-hash.js';
import {
  ENTRY_CODES,
  MAX_NODE_BYTES,
  MAX_NODE_ENTRIES,
  MAX_NODE_LEVEL,
  NODE_HEADER_BYTES,
  NODE_MAGIC,
  targetProblem,
} from './tree-format.js';

const MAGIC_WORD = Buffer.from(NODE_MAGIC, 'latin1').readUInt32LE(0);
const NUL = 0;
const DOT = 0x2e;
const SLASH = 0x2f;
const ID_BYTES = 32;

/** A node that an entry names, and what the entry says of it. */
export interface NamedNode {
  id: ContentId;
  files: number;
  bytes: number;
  /** Of an entry that stands for a node of the level below: the last name in that. */
  last?: string;
}

/**
 * Looks a node through in its raw bytes: the answers of `decodeNode` without an object, a name or an id made of each entry, which is
 * what most of the time goes into where nodes of hundreds of thousands of files are only looked at. One scan serves for node after node.
 */
export class NodeScan {
  /** Of the node that was read last, as are all others. */
  level = 0;
  count = 0;
  /** What the node stands for where it is named. */
  files = 0;
  bytes = 0;
  /** False if an entry other than the last ends a node: there it should have been cut. */
  isWhole = true;
  #raw: Buffer = Buffer.alloc(0);
  #at = 0;
  /** Where the names begin and end. */
  readonly #starts = new Int32Array(MAX_NODE_ENTRIES);
  readonly #ends = new Int32Array(MAX_NODE_ENTRIES);

  /** False for what `decodeNode` refuses, and then nothing else can be asked. `raw` must stay as it is for as long as is asked. */
  read(raw: Buffer): boolean {
    this.#raw = raw;
    this.files = 0;
    this.bytes = 0;
    this.isWhole = true;
    if (!this.#readHeader()) return false;
    for (let index = 0; index < this.count; index += 1) {
      if (!this.#readName(index)) return false;
      if (!(this.level === 0 ? this.#readLeaf() : this.#readTotals())) return false;
    }
    return this.#at === raw.length;
  }

  /** The last name. */
  get last(): string | undefined {
    return this.count === 0 ? undefined : this.#nameAt(this.count - 1);
  }

  /** Calls `look` with the place of the id in the node, and the size, of each file until it returns false; true if it never did. */
  everyFile(look: (raw: Buffer, at: number, size: number) => boolean): boolean {
    if (this.level > 0) return true;
    for (let index = 0; index < this.count; index += 1) {
      const end = this.#ends[index]!;
      if (this.#raw[end]! > ENTRY_CODES.executable) continue;
      if (!look(this.#raw, end + 9, u64(this.#raw, end + 1))) return false;
    }
    return true;
  }

  /** The nodes that the node names: of the level below, or of directories. */
  nodes(): NamedNode[] {
    const named: NamedNode[] = [];
    for (let index = 0; index < this.count; index += 1) {
      const end = this.#ends[index]!;
      if (this.level > 0) named.push({ ...this.#subtreeAt(end), last: this.#nameAt(index) });
      else if (this.#raw[end] === ENTRY_CODES.directory) named.push(this.#subtreeAt(end + 1));
    }
    return named;
  }

  #subtreeAt(at: number): NamedNode {
    const raw = this.#raw;
    return { id: contentIdFromBytes(raw, at + 16), files: u64(raw, at), bytes: u64(raw, at + 8) };
  }

  #nameAt(index: number): string {
    return this.#raw.toString('latin1', this.#starts[index], this.#ends[index]);
  }

  #readHeader(): boolean {
    const raw = this.#raw;
    if (raw.length < NODE_HEADER_BYTES || raw.length > MAX_NODE_BYTES) return false;
    this.#at = NODE_HEADER_BYTES;
    this.level = raw[5]!;
    this.count = raw.readUInt32LE(8);
    if (raw.readUInt32LE(0) !== MAGIC_WORD || raw[4] !== FORMAT_VERSION || raw.readUInt16LE(6) !== 0)
      return false;
    if (this.level > MAX_NODE_LEVEL || this.count > MAX_NODE_ENTRIES) return false;
    return this.level === 0 || this.count > 0;
  }

  /** A name that may stand in a tree, greater than the one before. */
  #readName(index: number): boolean {
    const raw = this.#raw;
    const start = this.#at + 2;
    if (start > raw.length) return false;
    const end = start + raw.readUInt16LE(this.#at);
    // Nothing is so short that it could follow a name directly at the end of the node.
    if (end >= raw.length) return false;
    this.#starts[index] = start;
    this.#ends[index] = end;
    this.#at = end;
    const hash = this.#hashOfName(start, end);
    if (hash === undefined) return false;
    if (index > 0 && !this.#followsAnother(index)) return false;
    if (index < this.count - 1 && index >= Math.min(this.level, 1) && endsNode(hash, this.level))
      this.isWhole = false;
    return true;
  }

  /** Undefined for a name that may not stand in a tree. */
  #hashOfName(start: number, end: number): number | undefined {
    const raw = this.#raw;
    let hash = NO_BYTES;
    for (let at = start; at < end; at += 1) {
      const byte = raw[at]!;
      if (byte === NUL || byte === SLASH) return undefined;
      hash = withByte(hash, byte);
    }
    const isOrdinary = end > start && end - start < 256 && raw[start] !== DOT;
    return isOrdinary || nameProblem(raw.toString('latin1', start, end)) === undefined
      ? finished(hash)
      : undefined;
  }

  #followsAnother(index: number): boolean {
    const raw = this.#raw;
    const before = this.#starts[index - 1]!;
    const start = this.#starts[index]!;
    const lengthBefore = this.#ends[index - 1]! - before;
    const length = this.#ends[index]! - start;
    for (let at = 0; at < lengthBefore && at < length; at += 1) {
      const difference = raw[start + at]! - raw[before + at]!;
      if (difference !== 0) return difference > 0;
    }
    return length > lengthBefore;
  }

  #readLeaf(): boolean {
    const kind = this.#raw[this.#at]!;
    this.#at += 1;
    if (kind === ENTRY_CODES.directory) return this.#readTotals();
    this.files += 1;
    if (kind === ENTRY_CODES.symlink) return this.#readTarget();
    if (kind !== ENTRY_CODES.file && kind !== ENTRY_CODES.executable) return false;
    if (!this.#take(8 + ID_BYTES)) return false;
    const size = u64(this.#raw, this.#at - 8 - ID_BYTES);
    this.bytes += size;
    return size <= Number.MAX_SAFE_INTEGER;
  }

  #readTotals(): boolean {
    if (!this.#take(16 + ID_BYTES)) return false;
    const at = this.#at - 16 - ID_BYTES;
    const [files, bytes] = [u64(this.#raw, at), u64(this.#raw, at + 8)];
    this.files += files;
    this.bytes += bytes;
    return files <= Number.MAX_SAFE_INTEGER && bytes <= Number.MAX_SAFE_INTEGER;
  }

  #readTarget(): boolean {
    if (!this.#take(2)) return false;
    const length = this.#raw.readUInt16LE(this.#at - 2);
    if (!this.#take(length)) return false;
    return targetProblem(this.#raw.toString('latin1', this.#at - length, this.#at)) === undefined;
  }

  #take(length: number): boolean {
    this.#at += length;
    return this.#at <= this.#raw.length;
  }
}

/** Exact up to 2^53 - 1; what is more stays more. */
function u64(raw: Buffer, at: number): number {
  return raw.readUInt32LE(at) + raw.readUInt32LE(at + 4) * 0x1_0000_0000;
}
