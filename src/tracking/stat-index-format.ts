import type { Stats } from 'node:fs';
import { contentIdFromBytes, type ContentId } from '../base/content-id.js';

/**
 * The stat index file: what each file looked like when its content id was computed. Little-endian:
 *   header, 8 bytes: "OCRI", u8 version, 3 zero bytes
 *   one block a folder: u16 length of its path, path, u32 count, u32 length of the entries, entries ascending by name
 *   SHA-256 of all before
 * An entry: u16 length of the name, name, then size, mtime, ctime (milliseconds), inode as f64, mode u32, id 32.
 * It is a memory of this machine only: it proves identity, never presence in a store.
 */
export const INDEX_HEADER = Buffer.from('OCRI\x01\0\0\0', 'latin1');
export const INDEX_CHECKSUM_BYTES = 32;

const STAT_BYTES = 8 * 4 + 4;
const ENTRY_TAIL_BYTES = STAT_BYTES + 32;

/** What is compared: any difference means that the file is read again. */
export type FileStat = Pick<Stats, 'size' | 'mtimeMs' | 'ctimeMs' | 'ino' | 'mode'>;

export function sameStat(a: FileStat, b: FileStat): boolean {
  return (
    a.size === b.size &&
    a.mtimeMs === b.mtimeMs &&
    a.ctimeMs === b.ctimeMs &&
    a.ino === b.ino &&
    a.mode === b.mode
  );
}

/** Entries of one folder as they stand in the file. */
export interface FolderBlock {
  count: number;
  entries: Buffer;
}

export const EMPTY_BLOCK: FolderBlock = { count: 0, entries: Buffer.alloc(0) };

/** Reads a block from its start; names must be asked for in ascending order. */
export class BlockReader {
  readonly #entries: Buffer;
  #at = 0;

  constructor(block: FolderBlock) {
    this.#entries = block.entries;
  }

  /** The id recorded for `name` under exactly this stat. */
  find(name: string, stat: FileStat): ContentId | undefined {
    const tail = this.#seek(name);
    if (tail === undefined || !this.#matches(tail, stat)) return undefined;
    return contentIdFromBytes(this.#entries, tail + STAT_BYTES);
  }

  /** The bytes of every entry but that of `name`, before and behind it. */
  without(name: string): { before: Buffer; behind: Buffer; found: boolean } {
    const tail = this.#seek(name);
    const before = this.#entries.subarray(0, this.#at);
    const behind = this.#entries.subarray(tail === undefined ? this.#at : tail + ENTRY_TAIL_BYTES);
    return { before, behind, found: tail !== undefined };
  }

  /** Moves to the first name that is not before `name`; the offset behind it if it is that name. */
  #seek(name: string): number | undefined {
    while (this.#at < this.#entries.length) {
      const end = this.#at + 2 + this.#entries.readUInt16LE(this.#at);
      const here = this.#entries.toString('latin1', this.#at + 2, end);
      if (here >= name) return here === name ? end : undefined;
      this.#at = end + ENTRY_TAIL_BYTES;
    }
    return undefined;
  }

  #matches(at: number, stat: FileStat): boolean {
    const entries = this.#entries;
    return (
      entries.readDoubleLE(at) === stat.size &&
      entries.readDoubleLE(at + 8) === stat.mtimeMs &&
      entries.readDoubleLE(at + 16) === stat.ctimeMs &&
      entries.readDoubleLE(at + 24) === stat.ino &&
      entries.readUInt32LE(at + 32) === stat.mode >>> 0
    );
  }
}

/** Writes the block of one folder; names must come in ascending order. */
export class BlockWriter {
  #buffer = Buffer.allocUnsafe(4096);
  #length = 0;
  #count = 0;
  #last: { stat: FileStat; id: ContentId } | undefined;

  add(name: string, stat: FileStat, id: ContentId): void {
    this.#last = { stat, id };
    const needed = this.#length + 2 + name.length + ENTRY_TAIL_BYTES;
    if (needed > this.#buffer.length) this.#buffer = Buffer.concat([this.#buffer], needed * 2);
    const buffer = this.#buffer;
    let at = buffer.writeUInt16LE(name.length, this.#length);
    at += buffer.write(name, at, 'latin1');
    at = buffer.writeDoubleLE(stat.size, at);
    at = buffer.writeDoubleLE(stat.mtimeMs, at);
    at = buffer.writeDoubleLE(stat.ctimeMs, at);
    at = buffer.writeDoubleLE(stat.ino, at);
    at = buffer.writeUInt32LE(stat.mode >>> 0, at);
    this.#length = at + buffer.write(id, at, 32, 'hex');
    this.#count += 1;
  }

  /** What was added last. */
  last(): { stat: FileStat; id: ContentId } | undefined {
    return this.#last;
  }

  finish(): FolderBlock {
    return { count: this.#count, entries: Buffer.from(this.#buffer.subarray(0, this.#length)) };
  }
}

export function encodeBlockHeader(folder: string, block: FolderBlock): Buffer {
  const header = Buffer.allocUnsafe(2 + folder.length + 8);
  let at = header.writeUInt16LE(folder.length, 0);
  at += header.write(folder, at, 'latin1');
  at = header.writeUInt32LE(block.count, at);
  header.writeUInt32LE(block.entries.length, at);
  return header;
}

/** The blocks of an index file whose checksum was compared, by folder. */
export function decodeBlocks(file: Buffer): Map<string, FolderBlock> {
  const blocks = new Map<string, FolderBlock>();
  const end = file.length - INDEX_CHECKSUM_BYTES;
  for (let at = INDEX_HEADER.length; at < end;) {
    const path = at + 2;
    const behindPath = path + file.readUInt16LE(at);
    const start = behindPath + 8;
    const stop = start + file.readUInt32LE(behindPath + 4);
    const block = { count: file.readUInt32LE(behindPath), entries: file.subarray(start, stop) };
    blocks.set(file.toString('latin1', path, behindPath), block);
    at = stop;
  }
  return blocks;
}
