import { EMPTY_BLOCK, type FolderBlock } from './stat-index-format.js';
import {
  CHECKSUM_BYTES,
  decodeBlockHead,
  decodePacks,
  encodeBlockHead,
  encodePacks,
  isWhole,
  newShared,
  type IndexContent,
} from './stat-index-file.js';

/**
 * The file beside a stat index that says what became of it since: an index of 200,000 files is 22 MB, and one that changed is hundred
 * bytes. Little-endian:
 *   header, 8 bytes: "OCRJ", u8 version, 3 zero bytes
 *   checksum of the index that it belongs to, 32: beside any other it says nothing
 *   packs, as in the index
 *   one a folder that changed: head of its block as in the index, u32 count of pieces, then of each: u32 start, u32 length, bytes
 *   SHA-256 of all before
 * Pieces replace what stands there in the entries that the index has, where these are as many bytes as before; otherwise one piece
 * is all of them. A folder without entries and memory is forgotten.
 */
const CHANGES_HEADER = Buffer.from('OCRJ\x01\0\0\0', 'latin1');

/** Bytes that are compared at a time, and in them those that are replaced as one. */
const STRETCH_BYTES = 64 * 1024;
const PIECE_BYTES = 512;

/** Bytes of a block's entries that the index has not, ascending. */
type Pieces = readonly { start: number; end: number }[];

/** By folder. */
export type ChangedPieces = ReadonlyMap<string, Pieces>;

/** What changed in folders that were `before`, where `earlier` is what these had that the index has not. */
export function changedPieces(
  before: ReadonlyMap<string, FolderBlock>,
  now: ReadonlyMap<string, FolderBlock>,
  earlier: ChangedPieces,
): ChangedPieces {
  const changed = new Map<string, Pieces>();
  for (const [folder, block] of now) {
    const known = before.get(folder);
    const already = earlier.get(folder);
    if (known !== block || already) changed.set(folder, piecesOf(block, known, already ?? []));
  }
  for (const folder of [...before.keys(), ...earlier.keys()]) if (!now.has(folder)) changed.set(folder, []);
  return changed;
}

function piecesOf({ entries }: FolderBlock, known: FolderBlock | undefined, already: Pieces): Pieces {
  if (known?.entries.length !== entries.length) return [{ start: 0, end: entries.length }];
  return joined([...already, ...differing(known.entries, entries)]);
}

/** Where two buffers of one length differ. */
function differing(a: Buffer, b: Buffer): Pieces {
  if (a === b) return [];
  const pieces = [];
  for (const stretch of cut({ start: 0, end: a.length }, STRETCH_BYTES)) {
    if (isSame(a, b, stretch)) continue;
    for (const piece of cut(stretch, PIECE_BYTES)) if (!isSame(a, b, piece)) pieces.push(piece);
  }
  return pieces;
}

function* cut({ start, end }: Pieces[number], bytes: number): Generator<Pieces[number]> {
  for (let at = start; at < end; at += bytes) yield { start: at, end: Math.min(at + bytes, end) };
}

function isSame(a: Buffer, b: Buffer, { start, end }: Pieces[number]): boolean {
  return a.compare(b, start, end, start, end) === 0;
}

/** The same bytes, ascending and once each. */
function joined(pieces: Pieces): Pieces {
  const all: { start: number; end: number }[] = [];
  for (const { start, end } of [...pieces].sort((a, b) => a.start - b.start)) {
    const last = all.at(-1);
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else all.push({ start, end });
  }
  return all;
}

/** The parts of the file, but for the checksum at its end. */
export function changesParts(
  { packs, blocks }: IndexContent,
  changed: ChangedPieces,
  indexChecksum: Buffer,
): Buffer[] {
  const parts = [CHANGES_HEADER, indexChecksum, encodePacks(packs)];
  for (const [folder, pieces] of changed) {
    const block = blocks.get(folder) ?? EMPTY_BLOCK;
    const count = Buffer.alloc(4);
    count.writeUInt32LE(pieces.length);
    parts.push(encodeBlockHead(folder, block), count);
    for (const { start, end } of pieces) {
      const head = Buffer.alloc(8);
      head.writeUInt32LE(end - start, head.writeUInt32LE(start));
      parts.push(head, block.entries.subarray(start, end));
    }
  }
  return parts;
}

/**
 * Makes the changes in `file` to an index with this checksum, whose bytes are overwritten; returns which they are. Nothing if the
 * file is damaged or belongs to another index.
 */
export function applyChanges(content: IndexContent, indexChecksum: Buffer, file: Buffer): ChangedPieces {
  const changed = new Map<string, Pieces>();
  const start = CHANGES_HEADER.length + CHECKSUM_BYTES;
  if (!isWhole(file, CHANGES_HEADER) || !file.subarray(CHANGES_HEADER.length, start).equals(indexChecksum))
    return changed;
  const { packs, end: firstBlock } = decodePacks(file, start);
  content.packs = packs;
  for (let at = firstBlock; at < file.length - CHECKSUM_BYTES;) {
    const { head, end } = decodeBlockHead(file, at);
    const { folder, entriesLength, ...rest } = head;
    const known = content.blocks.get(folder)?.entries;
    const entries = known?.length === entriesLength ? known : newShared(entriesLength);
    const pieces = [];
    at = end + 4;
    for (let left = file.readUInt32LE(end); left > 0; left -= 1) {
      const piece = { start: file.readUInt32LE(at), end: file.readUInt32LE(at) + file.readUInt32LE(at + 4) };
      file.copy(entries, piece.start, at + 8, at + 8 + piece.end - piece.start);
      at += 8 + piece.end - piece.start;
      pieces.push(piece);
    }
    changed.set(folder, pieces);
    if (rest.count === 0 && rest.memory === undefined) content.blocks.delete(folder);
    else content.blocks.set(folder, { ...rest, entries });
  }
  return changed;
}
