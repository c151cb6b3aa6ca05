import { contentIdFromBytes, type ContentId } from '../base/content-id.js';
import { OcrpipeError } from '../base/errors.js';
import { nameProblem, type ByteName } from './byte-name.js';
import { FORMAT_VERSION } from './format.js';

/**
 * A node of a directory's tree, all integers little-endian:
 *   header, 12 bytes: "OCRT", u8 version, u8 level, u16 zero, u32 count
 *   entries, ascending by the raw bytes of their names, no name twice
 * An entry of level 0: u16 length of the name, name, u8 kind, then
 *   0 file, 1 executable file: u64 size, id 32
 *   2 symbolic link: u16 length of the target, target
 *   3 directory: u64 files, u64 bytes, id 32
 * An entry of a higher level stands for a node of the level below: u16 length, last name below it, u64 files, u64 bytes, id 32.
 * `files` counts what is no directory, at any depth; `bytes` sums up the sizes of files.
 */
export const NODE_HEADER_BYTES = 12;
export const MAX_NODE_BYTES = 1024 * 1024;
export const MAX_NODE_ENTRIES = 1024;
/** More files than this no directory holds, at any depth: what claims more was made to wear readers out. */
export const MAX_TREE_FILES = 2 ** 26;
/** Levels that can come to be: 2^53 entries need fewer. */
export const MAX_NODE_LEVEL = 63;
/** Longest target of a symbolic link, in bytes: what Linux allows. */
const MAX_TARGET_BYTES = 4095;

export const NODE_MAGIC = 'OCRT';
/** The byte that says what an entry of level 0 is. */
export const ENTRY_CODES = { file: 0, executable: 1, symlink: 2, directory: 3 } as const;

export interface FileEntry {
  kind: 'file';
  name: ByteName;
  executable: boolean;
  /** Bytes. */
  size: number;
  id: ContentId;
}

export interface SymlinkEntry {
  kind: 'symlink';
  name: ByteName;
  /** The raw bytes of the target, one character a byte (latin1). */
  target: string;
}

export interface DirectoryEntry {
  kind: 'directory';
  name: ByteName;
  /** Files and links below, at any depth. */
  files: number;
  /** Bytes of all files below. */
  bytes: number;
  id: ContentId;
}

/** One name in a directory. */
export type TreeEntry = FileEntry | SymlinkEntry | DirectoryEntry;

/** A node of the level below, and what it stands for. */
export interface InnerEntry {
  /** The last (greatest) name below. */
  last: ByteName;
  files: number;
  bytes: number;
  id: ContentId;
}

/** A decoded node: names themselves on level 0, nodes of the level below otherwise. */
export type TreeNode =
  { level: 0; entries: readonly TreeEntry[] } | { level: number; children: readonly InnerEntry[] };

export function treeInvalid(where: string, reason: string): OcrpipeError {
  return new OcrpipeError('tree-invalid', `the tree node ${where} is refused: ${reason}`, {
    hint: 'It was not written by ocrpipe, or by a broken one. Add the directory again where its files are.',
  });
}

/** Bytes that an entry takes in a node. */
export function entryLength(entry: TreeEntry | InnerEntry): number {
  if ('last' in entry) return 2 + entry.last.length + 48;
  const named = 2 + entry.name.length + 1;
  if (entry.kind === 'symlink') return named + 2 + entry.target.length;
  return named + (entry.kind === 'file' ? 40 : 48);
}

/** What an entry stands for: files and links, and the bytes of files. */
export function entryTotals(entry: TreeEntry | InnerEntry): { files: number; bytes: number } {
  if ('last' in entry || entry.kind === 'directory') return entry;
  return { files: 1, bytes: entry.kind === 'file' ? entry.size : 0 };
}

/** Writes an entry at `offset` of `target`, which has room for it; returns the offset behind it. */
export function encodeEntry(target: Buffer, offset: number, entry: TreeEntry | InnerEntry): number {
  if ('last' in entry) return writeSubtree(target, writeText(target, offset, entry.last), entry);
  const at = writeText(target, offset, entry.name);
  switch (entry.kind) {
    case 'file':
      target[at] = entry.executable ? ENTRY_CODES.executable : ENTRY_CODES.file;
      return writeId(target, writeU64(target, at + 1, entry.size), entry.id);
    case 'symlink':
      target[at] = ENTRY_CODES.symlink;
      return writeText(target, at + 1, entry.target);
    case 'directory':
      target[at] = ENTRY_CODES.directory;
      return writeSubtree(target, at + 1, entry);
  }
}

/** Writes the header of a node at the start of `target`. */
export function encodeNodeHeader(target: Buffer, level: number, count: number): void {
  target.write(NODE_MAGIC, 0, 'latin1');
  target[4] = FORMAT_VERSION;
  target[5] = level;
  target.writeUInt16LE(0, 6);
  target.writeUInt32LE(count, 8);
}

/** A node as it is stored. */
export function encodeNode(node: TreeNode): Buffer {
  const entries = 'children' in node ? node.children : node.entries;
  const length = entries.reduce((sum, entry) => sum + entryLength(entry), NODE_HEADER_BYTES);
  const bytes = Buffer.allocUnsafe(length);
  encodeNodeHeader(bytes, node.level, entries.length);
  let at = NODE_HEADER_BYTES;
  for (const entry of entries) at = encodeEntry(bytes, at, entry);
  return bytes;
}

/**
 * Reads a node. Throws `tree-invalid` for anything but a node of this version whose names may stand in a tree, in order and
 * once each, and whose bytes are used up exactly; an unknown kind of entry is refused, never skipped.
 * `where` names the node in errors.
 */
export function decodeNode(bytes: Buffer, where: string): TreeNode {
  const { level, count } = decodeHeader(bytes, where);
  const cursor = new NodeCursor(bytes, where);
  if (level === 0)
    return { level, entries: decodeAll(cursor, count, decodeLeafEntry, (entry) => entry.name) };
  if (count === 0) throw treeInvalid(where, 'an inner node is empty');
  return { level, children: decodeAll(cursor, count, decodeInnerEntry, (entry) => entry.last) };
}

function decodeHeader(bytes: Buffer, where: string): { level: number; count: number } {
  if (bytes.length > MAX_NODE_BYTES) throw treeInvalid(where, `it is ${bytes.length} bytes long`);
  if (bytes.length < NODE_HEADER_BYTES || bytes.toString('latin1', 0, 4) !== NODE_MAGIC) {
    throw treeInvalid(where, "it does not begin with 'OCRT'");
  }
  if (bytes[4] !== FORMAT_VERSION) throw treeInvalid(where, `its version ${bytes[4]!} is unknown`);
  const level = bytes[5]!;
  if (level > MAX_NODE_LEVEL) throw treeInvalid(where, `its level ${level} cannot be`);
  if (bytes.readUInt16LE(6) !== 0) throw treeInvalid(where, 'reserved bytes are not zero');
  const count = bytes.readUInt32LE(8);
  if (count > MAX_NODE_ENTRIES) throw treeInvalid(where, `it claims ${count} entries`);
  return { level, count };
}

function decodeAll<Entry>(
  cursor: NodeCursor,
  count: number,
  decode: (cursor: NodeCursor) => Entry,
  nameOf: (entry: Entry) => ByteName,
): Entry[] {
  const entries: Entry[] = [];
  let previous = '';
  for (let index = 0; index < count; index += 1) {
    const entry = decode(cursor);
    const name = nameOf(entry);
    if (index > 0 && name <= previous)
      throw cursor.refused(`${JSON.stringify(name)} is out of order or there twice`);
    previous = name;
    entries.push(entry);
  }
  cursor.expectEnd();
  return entries;
}

function decodeLeafEntry(cursor: NodeCursor): TreeEntry {
  const name = cursor.name();
  const kind = cursor.u8();
  if (kind === ENTRY_CODES.file || kind === ENTRY_CODES.executable) {
    return {
      kind: 'file',
      name,
      executable: kind === ENTRY_CODES.executable,
      size: cursor.u64(),
      id: cursor.id(),
    };
  }
  if (kind === ENTRY_CODES.symlink) return { kind: 'symlink', name, target: cursor.target() };
  if (kind === ENTRY_CODES.directory) {
    return { kind: 'directory', name, files: cursor.u64(), bytes: cursor.u64(), id: cursor.id() };
  }
  throw cursor.refused(`${JSON.stringify(name)} is of the unknown kind ${kind}`);
}

function decodeInnerEntry(cursor: NodeCursor): InnerEntry {
  return { last: cursor.name(), files: cursor.u64(), bytes: cursor.u64(), id: cursor.id() };
}

/** Why a link with this target may not stand in a tree, or undefined. */
export function targetProblem(target: string): string | undefined {
  if (target.length === 0) return 'its target is empty';
  if (target.length > MAX_TARGET_BYTES) return `its target is longer than ${MAX_TARGET_BYTES} bytes`;
  return target.includes('\0') ? 'its target holds a NUL byte' : undefined;
}

/** Reads values from a node, each checked against the end of the node. */
class NodeCursor {
  readonly #bytes: Buffer;
  readonly #where: string;
  #offset = NODE_HEADER_BYTES;

  constructor(bytes: Buffer, where: string) {
    this.#bytes = bytes;
    this.#where = where;
  }

  refused(reason: string): OcrpipeError {
    return treeInvalid(this.#where, reason);
  }

  u8(): number {
    return this.#bytes[this.#take(1)]!;
  }

  u64(): number {
    const at = this.#take(8);
    const value = this.#bytes.readUInt32LE(at) + this.#bytes.readUInt32LE(at + 4) * 0x1_0000_0000;
    if (value > Number.MAX_SAFE_INTEGER)
      throw this.refused(`it claims the number ${this.#bytes.readBigUInt64LE(at).toString()}`);
    return value;
  }

  id(): ContentId {
    return contentIdFromBytes(this.#bytes, this.#take(32));
  }

  name(): ByteName {
    const text = this.#text();
    const problem = nameProblem(text);
    if (problem !== undefined) {
      throw this.refused(`the name ${JSON.stringify(text.slice(0, 80))} may not be in a tree: ${problem}`);
    }
    return text as ByteName;
  }

  target(): string {
    const text = this.#text();
    const problem = targetProblem(text);
    if (problem !== undefined) throw this.refused(`a link is refused: ${problem}`);
    return text;
  }

  expectEnd(): void {
    if (this.#offset !== this.#bytes.length) throw this.refused('there are bytes behind its last entry');
  }

  #text(): string {
    const length = this.#bytes.readUInt16LE(this.#take(2));
    const start = this.#take(length);
    return this.#bytes.toString('latin1', start, start + length);
  }

  #take(length: number): number {
    const start = this.#offset;
    if (start + length > this.#bytes.length) throw this.refused('it ends inside an entry');
    this.#offset = start + length;
    return start;
  }
}

function writeText(target: Buffer, offset: number, text: string): number {
  target.writeUInt16LE(text.length, offset);
  return offset + 2 + target.write(text, offset + 2, 'latin1');
}

function writeU64(target: Buffer, offset: number, value: number): number {
  target.writeUInt32LE(value % 0x1_0000_0000, offset);
  target.writeUInt32LE(Math.floor(value / 0x1_0000_0000), offset + 4);
  return offset + 8;
}

function writeId(target: Buffer, offset: number, id: ContentId): number {
  return offset + target.write(id, offset, 32, 'hex');
}

function writeSubtree(
  target: Buffer,
  offset: number,
  entry: { files: number; bytes: number; id: ContentId },
): number {
  return writeId(target, writeU64(target, writeU64(target, offset, entry.files), entry.bytes), entry.id);
}
