import type { Stats } from 'node:fs';
import { contentIdFromBytes, type ContentId } from '../../base/content-id.js';
import type { TreeSummary } from '../../store/tree-builder.js';

/*
 * What is remembered of the files of a folder, little-endian, ascending by name. An entry: u16 length of the name, name, then of
 * a file: u8 0, size, mtime, ctime (milliseconds), inode as f64, mode u32, id 32; of a folder, whose files are remembered by
 * themselves: u8 1, files, bytes as f64, id 32. The u8 is 2 more for what may differ from the directory that was stored last.
 */

const FILE = 0;
const FOLDER = 1;
/** Added to either. */
const NEW = 2;
/** A folder may have hundreds of thousands of names: doubling would waste megabytes. */
const GROWTH = 1.5;
const STAT_BYTES = 8 * 4 + 4;
export const SUMMARY_BYTES = 8 * 2 + 32;
const FILE_TAIL_BYTES = 1 + STAT_BYTES + 32;
const FOLDER_TAIL_BYTES = 1 + SUMMARY_BYTES;

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

/** What shows whether names were added to a folder, removed or replaced. */
export type FolderStat = Pick<Stats, 'mtimeMs' | 'ctimeMs' | 'ino'>;

/** A folder as it was when every entry of it was known. */
export interface FolderMemory {
  stat: FolderStat;
  /** Of the ignore rules that held in it. */
  rulesKey: ContentId;
  tree: TreeSummary;
  /**
   * The directory of the same names that was stored last: its nodes and small files, and those of all folders below it, are in
   * the packs that the index names. Entries that are not marked as new are still what they are in it.
   */
  stored: ContentId | undefined;
}

/** Packs by id, with their bytes. */
export type PackSizes = ReadonlyMap<ContentId, number>;

/** Entries of one folder as they stand in the file. */
export interface FolderBlock {
  count: number;
  entries: Buffer;
  /** Absent: there may be more in the folder than the entries say. */
  memory?: FolderMemory;
}

export const EMPTY_BLOCK: FolderBlock = { count: 0, entries: Buffer.alloc(0) };

/** Where an entry stands in a block: its bytes, and how many entries are before it. */
export interface EntryPlace {
  start: number;
  end: number;
  index: number;
}

/** Reads a block from its start, entry by entry; names are found in ascending order only. */
export class BlockReader {
  readonly #entries: Buffer;
  /** Where the current entry starts, where its name ends, and where the next one starts. */
  #start = 0;
  #tail = 0;
  #next = 0;
  #index = -1;
  name = '';

  constructor(block: Pick<FolderBlock, 'entries'>) {
    this.#entries = block.entries;
  }

  /** Moves to the next entry; false behind the last. */
  next(): boolean {
    this.#start = this.#next;
    if (this.#start >= this.#entries.length) return false;
    const name = this.#start + 2;
    this.#tail = name + this.#entries.readUInt16LE(this.#start);
    this.name = this.#entries.toString('latin1', name, this.#tail);
    this.#next = this.#tail + (this.isFolder ? FOLDER_TAIL_BYTES : FILE_TAIL_BYTES);
    this.#index += 1;
    return true;
  }

  get isFolder(): boolean {
    return isFolderAt(this.#entries, this.#tail);
  }

  /** True if the current entry may differ from that in the directory that was stored last. */
  get isNew(): boolean {
    return (this.#entries[this.#tail]! & NEW) !== 0;
  }

  /** True if the current entry is a file that had exactly this stat. */
  matches(stat: FileStat): boolean {
    return this.#entries.readDoubleLE(this.#tail + 17) === stat.ctimeMs && this.#matchesButChangeTime(stat);
  }

  #matchesButChangeTime(stat: FileStat): boolean {
    const entries = this.#entries;
    const at = this.#tail + 1;
    return (
      !this.isFolder &&
      entries.readDoubleLE(at) === stat.size &&
      entries.readDoubleLE(at + 8) === stat.mtimeMs &&
      entries.readDoubleLE(at + 24) === stat.ino &&
      entries.readUInt32LE(at + 32) === stat.mode >>> 0
    );
  }

  /** Of the current entry, which is a file. */
  get size(): number {
    return this.#entries.readDoubleLE(this.#tail + 1);
  }

  /** Of the current entry, which is a file. */
  get mode(): number {
    return this.#entries.readUInt32LE(this.#tail + 33);
  }

  /** Of the current entry, which is a file: milliseconds, the later of mtime and ctime. */
  get changedMs(): number {
    return Math.max(this.#entries.readDoubleLE(this.#tail + 9), this.#entries.readDoubleLE(this.#tail + 17));
  }

  /** Of the current entry, which is a file. */
  get id(): ContentId {
    return contentIdFromBytes(this.#entries, this.#tail + 1 + STAT_BYTES);
  }

  /** Of the current entry, which is a folder. */
  get tree(): TreeSummary {
    return readSummary(this.#entries, this.#tail + 1);
  }

  /** The bytes of the current entry. */
  get bytes(): Buffer {
    return this.#entries.subarray(this.#start, this.#next);
  }

  /** Where the current entry stands. */
  get place(): EntryPlace {
    return { start: this.#start, end: this.#next, index: this.#index };
  }

  /** The id recorded for `name` under exactly this stat. */
  find(name: string, stat: FileStat): ContentId | undefined {
    return this.#seek(name) && this.matches(stat) ? this.id : undefined;
  }

  /** The id recorded for `name` under this stat, were it not for the change time, which each new link to a file moves. */
  findLinked(name: string, stat: FileStat): ContentId | undefined {
    return this.#seek(name) && this.#matchesButChangeTime(stat) ? this.id : undefined;
  }

  /** What was recorded for `name`, if that is a file of this inode. */
  findSameFile(name: string, stat: FileStat): { id: ContentId; mtimeMs: number; mode: number } | undefined {
    if (!this.#seek(name) || this.isFolder) return undefined;
    if (this.#entries.readDoubleLE(this.#tail + 25) !== stat.ino) return undefined;
    return { id: this.id, mtimeMs: this.#entries.readDoubleLE(this.#tail + 9), mode: this.mode };
  }

  /** Moves to `name`; where it is not, to the first name behind it, which is met again by the next call. */
  #seek(name: string): boolean {
    if (this.name === name && this.#next > this.#start) return true;
    while (this.next()) {
      if (this.name < name) continue;
      if (this.name === name) return true;
      this.#next = this.#start;
      this.#index -= 1;
      return false;
    }
    return false;
  }
}

function isFolderAt(entries: Buffer, tail: number): boolean {
  return (entries[tail]! & FOLDER) !== 0;
}

/** Where every `step`-th entry of a block starts, from the first one on. */
export function startsOf(entries: Buffer, step: number): number[] {
  const starts: number[] = [];
  let count = 0;
  for (let start = 0; start < entries.length; count += 1) {
    if (count % step === 0) starts.push(start);
    const tail = start + 2 + entries.readUInt16LE(start);
    start = tail + (isFolderAt(entries, tail) ? FOLDER_TAIL_BYTES : FILE_TAIL_BYTES);
  }
  return starts;
}

/** Bytes that the entry of a file takes. */
export function fileEntryBytes(name: string): number {
  return 2 + name.length + FILE_TAIL_BYTES;
}

/** Writes the block of one folder; names must come in ascending order. */
export class BlockWriter {
  #buffer: Buffer;
  #length = 0;
  /** Of the last entry that was written. */
  #tail = 0;
  count = 0;
  #last: { stat: FileStat; id: ContentId } | undefined;

  /** With room for so many bytes, if that is known. */
  constructor(room = 4096) {
    this.#buffer = Buffer.allocUnsafe(room);
  }

  add(name: string, stat: FileStat, id: ContentId): void {
    this.#last = { stat, id };
    const buffer = this.#roomFor(fileEntryBytes(name));
    let at = this.#writeName(name, FILE);
    at = buffer.writeDoubleLE(stat.size, at);
    at = buffer.writeDoubleLE(stat.mtimeMs, at);
    at = buffer.writeDoubleLE(stat.ctimeMs, at);
    at = buffer.writeDoubleLE(stat.ino, at);
    at = buffer.writeUInt32LE(stat.mode >>> 0, at);
    this.#length = at + buffer.write(id, at, 32, 'hex');
  }

  addFolder(name: string, tree: TreeSummary): void {
    const buffer = this.#roomFor(2 + name.length + FOLDER_TAIL_BYTES);
    this.#length = writeSummary(buffer, this.#writeName(name, FOLDER), tree);
  }

  /** Takes over an entry of a block that was read. */
  copy(entry: Buffer): void {
    const buffer = this.#roomFor(entry.length);
    this.#length += entry.copy(buffer, this.#length);
    this.count += 1;
  }

  /** Takes over the entries that stand between two others. */
  copyBetween(
    block: FolderBlock,
    from: Pick<EntryPlace, 'end' | 'index'>,
    to: Pick<EntryPlace, 'start' | 'index'>,
  ): void {
    this.copy(block.entries.subarray(from.end, to.start));
    this.count += to.index - from.index - 2;
  }

  /** Marks what was added last: it may differ from what was stored. */
  markNew(): void {
    this.#buffer[this.#tail]! |= NEW;
  }

  /** What was added last, if it was a file. */
  last(): { stat: FileStat; id: ContentId } | undefined {
    return this.#last;
  }

  /** The writer is used up. With `memory` the entries are promised to be all that the folder holds. */
  finish(memory?: FolderMemory): FolderBlock {
    const used = this.#buffer.subarray(0, this.#length);
    // A copy gives the rest of the buffer back, where that is most of it.
    const entries = used.length * 2 > this.#buffer.length ? used : Buffer.from(used);
    return { count: this.count, entries, ...(memory && { memory }) };
  }

  #writeName(name: string, kind: number): number {
    this.count += 1;
    const at = this.#buffer.writeUInt16LE(name.length, this.#length);
    this.#tail = at + this.#buffer.write(name, at, 'latin1');
    return this.#buffer.writeUInt8(kind, this.#tail);
  }

  #roomFor(bytes: number): Buffer {
    const needed = this.#length + bytes;
    if (needed > this.#buffer.length)
      this.#buffer = Buffer.concat([this.#buffer], Math.ceil(needed * GROWTH));
    return this.#buffer;
  }
}

/** A block of which all is stored now; one without a memory stays as it is. */
export function asStored(block: FolderBlock): FolderBlock {
  const { memory } = block;
  if (!memory || memory.stored === memory.tree.id) return block;
  const entries = Buffer.from(block.entries);
  for (let start = 0; start < entries.length;) {
    const tail = start + 2 + entries.readUInt16LE(start);
    entries[tail]! &= ~NEW;
    start = tail + (isFolderAt(entries, tail) ? FOLDER_TAIL_BYTES : FILE_TAIL_BYTES);
  }
  return { ...block, entries, memory: { ...memory, stored: memory.tree.id } };
}

export function writeSummary(buffer: Buffer, at: number, { files, bytes, id }: TreeSummary): number {
  buffer.writeDoubleLE(files, at);
  buffer.writeDoubleLE(bytes, at + 8);
  return at + 16 + buffer.write(id, at + 16, 32, 'hex');
}

export function readSummary(buffer: Buffer, at: number): TreeSummary {
  return {
    files: buffer.readDoubleLE(at),
    bytes: buffer.readDoubleLE(at + 8),
    id: contentIdFromBytes(buffer, at + 16),
  };
}
