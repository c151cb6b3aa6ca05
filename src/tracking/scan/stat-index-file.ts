import { createHash } from 'node:crypto';
import { contentIdFromBytes, type ContentId } from '../../base/content-id.js';
import {
  readSummary,
  SUMMARY_BYTES,
  writeSummary,
  type FolderBlock,
  type FolderMemory,
  type PackSizes,
} from './stat-index-format.js';

/**
 * The stat index file: what each file looked like when its content id was computed. Little-endian:
 *   header, 8 bytes: "OCRI", u8 version, 3 zero bytes
 *   u32 count of packs, then for each: id 32, bytes as f64
 *   one block a folder: its head (below), then its entries
 *   SHA-256 of all before
 * The head of a block: u16 length of its path, path, u32 count, u32 length of the entries, memory of the whole folder.
 * The memory of a folder, all zero where there is none: mtime, ctime, inode as f64, key of its ignore rules 32, then files,
 * bytes as f64, id 32, and the id of the directory that was stored there last, 32. Where there is a memory, the entries are
 * all that the folder holds but what is ignored.
 * It is a memory of this machine only, and proves identity, not presence in a store: but the nodes and small files of a directory
 * that was stored were in the packs named at the start, and are there still as long as all of these are.
 */
const INDEX_HEADER = Buffer.from('OCRI\x04\0\0\0', 'latin1');
export const CHECKSUM_BYTES = 32;

const MEMORY_BYTES = 8 * 3 + 32 + SUMMARY_BYTES + 32;
const NO_ID = '0'.repeat(64);
const PACK_BYTES = 32 + 8;

/** What an index file holds. */
export interface IndexContent {
  packs: PackSizes;
  /** By folder, relative to the workspace root. */
  blocks: Map<string, FolderBlock>;
}

/** What stands before the entries of a block. */
export type BlockHead = Omit<FolderBlock, 'entries'> & { folder: string; entriesLength: number };

/** The parts of an index file, but for the checksum at its end. */
export function* indexParts({ packs, blocks }: IndexContent): Generator<Buffer> {
  yield INDEX_HEADER;
  yield encodePacks(packs);
  for (const [folder, block] of blocks) {
    yield encodeBlockHead(folder, block);
    yield block.entries;
  }
}

/** The content of an index file; undefined if it is damaged. */
export function decodeIndex(file: Buffer): IndexContent | undefined {
  if (!isWhole(file, INDEX_HEADER)) return undefined;
  const blocks = new Map<string, FolderBlock>();
  const end = file.length - CHECKSUM_BYTES;
  const { packs, end: firstBlock } = decodePacks(file, INDEX_HEADER.length);
  for (let at = firstBlock; at < end;) {
    const { head, end: start } = decodeBlockHead(file, at);
    const { folder, entriesLength, ...block } = head;
    at = start + entriesLength;
    blocks.set(folder, { ...block, entries: file.subarray(start, at) });
  }
  return { packs, blocks };
}

/** True if a file begins with `header` and ends with the SHA-256 of all that is before. */
export function isWhole(file: Buffer, header: Buffer): boolean {
  const end = file.length - CHECKSUM_BYTES;
  if (end < header.length || !file.subarray(0, header.length).equals(header)) return false;
  return createHash('sha256').update(file.subarray(0, end)).digest().equals(file.subarray(end));
}

/** Memory that other threads can read too. */
export function newShared(bytes: number): Buffer {
  return Buffer.from(new SharedArrayBuffer(bytes));
}

export function encodePacks(packs: PackSizes): Buffer {
  const bytes = Buffer.alloc(4 + packs.size * PACK_BYTES);
  let at = bytes.writeUInt32LE(packs.size, 0);
  for (const [id, size] of packs) {
    at += bytes.write(id, at, 32, 'hex');
    at = bytes.writeDoubleLE(size, at);
  }
  return bytes;
}

export function decodePacks(file: Buffer, start: number): { packs: PackSizes; end: number } {
  const packs = new Map<ContentId, number>();
  const end = start + 4 + file.readUInt32LE(start) * PACK_BYTES;
  for (let at = start + 4; at < end; at += PACK_BYTES)
    packs.set(contentIdFromBytes(file, at), file.readDoubleLE(at + 32));
  return { packs, end };
}

export function encodeBlockHead(folder: string, block: FolderBlock): Buffer {
  const head = Buffer.alloc(2 + folder.length + 8 + MEMORY_BYTES);
  let at = head.writeUInt16LE(folder.length, 0);
  at += head.write(folder, at, 'latin1');
  at = head.writeUInt32LE(block.count, at);
  at = head.writeUInt32LE(block.entries.length, at);
  if (block.memory) writeMemory(head, at, block.memory);
  return head;
}

export function decodeBlockHead(file: Buffer, start: number): { head: BlockHead; end: number } {
  const path = start + 2;
  const behindPath = path + file.readUInt16LE(start);
  const memory = readMemory(file, behindPath + 8);
  const folder = file.toString('latin1', path, behindPath);
  const count = file.readUInt32LE(behindPath);
  const entriesLength = file.readUInt32LE(behindPath + 4);
  return {
    head: { folder, count, entriesLength, ...(memory && { memory }) },
    end: behindPath + 8 + MEMORY_BYTES,
  };
}

function writeMemory(buffer: Buffer, at: number, memory: FolderMemory): void {
  const { stat, rulesKey, tree, stored } = memory;
  buffer.writeDoubleLE(stat.mtimeMs, at);
  buffer.writeDoubleLE(stat.ctimeMs, at + 8);
  buffer.writeDoubleLE(stat.ino, at + 16);
  buffer.write(rulesKey, at + 24, 32, 'hex');
  buffer.write(stored ?? NO_ID, writeSummary(buffer, at + 56, tree), 32, 'hex');
}

function readMemory(buffer: Buffer, at: number): FolderMemory | undefined {
  const [mtimeMs, ctimeMs, ino] = [0, 8, 16].map((offset) => buffer.readDoubleLE(at + offset));
  // No folder has the inode 0.
  if (ino === 0) return undefined;
  const stored = contentIdFromBytes(buffer, at + MEMORY_BYTES - 32);
  return {
    stat: { mtimeMs: mtimeMs!, ctimeMs: ctimeMs!, ino: ino! },
    rulesKey: contentIdFromBytes(buffer, at + 24),
    tree: readSummary(buffer, at + 56),
    stored: stored === NO_ID ? undefined : stored,
  };
}
