import { createHash } from 'node:crypto';
import { closeSync, fstatSync, mkdirSync, openSync, readSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { temporaryBeside, writeAll } from '../../base/atomic-file.js';
import { READ_AT_ONCE } from '../../base/cautious-read.js';
import { writePoint } from '../../base/write-points.js';
import { applyChanges, changedPieces, changesParts, type ChangedPieces } from './stat-index-changes.js';
import { CHECKSUM_BYTES, decodeIndex, indexParts, newShared, type IndexContent } from './stat-index-file.js';
import type { FolderBlock } from './stat-index-format.js';

/** An index of fewer bytes is written as fast as what changed in it. */
const WHOLE_BELOW_BYTES = 256 * 1024;
/** Changes of more than this part of an index are no longer worth reading with it. */
const MOST_CHANGED = 1 / 8;

/** An index file as it was read or written. */
interface Written {
  checksum: Buffer;
  bytes: number;
  /** Its blocks, with the changes that were in the file beside it then. */
  blocks: ReadonlyMap<string, FolderBlock>;
  pieces: ChangedPieces;
}

/**
 * The stat index on disk: a file with everything, and beside it one with what changed since, so that a scan of 200,000 files in which
 * one changed writes kilobytes. Neither is flushed to disk: after a power cut each is whole, or found damaged and dropped. Where
 * processes write at once, the index of one of them stands, and changes to any other are passed over.
 */
export class StatIndexFiles {
  readonly #path: string;
  readonly #changesPath: string;
  #written: Written | undefined;

  constructor(path: string) {
    this.#path = path;
    this.#changesPath = `${path}-changes`;
  }

  /** What is on disk; nothing where that is lost or damaged. */
  read(): IndexContent {
    try {
      const file = readShared(this.#path);
      const content = decodeIndex(file);
      if (content) return this.#withChanges(content, file);
    } catch {
      // Not there, or not readable: as good as empty.
    }
    return { packs: new Map(), blocks: new Map() };
  }

  #withChanges(content: IndexContent, file: Buffer): IndexContent {
    const checksum = Buffer.from(file.subarray(-CHECKSUM_BYTES));
    const pieces = applyChanges(content, checksum, readIfThere(this.#changesPath));
    this.#written = { checksum, bytes: file.length, blocks: new Map(content.blocks), pieces };
    return content;
  }

  /** Replaces what is on disk. Throws what the system says. */
  write(content: IndexContent): void {
    mkdirSync(dirname(this.#path), { recursive: true });
    if (this.#writeChanges(content)) return;
    const { checksum, bytes } = replace(this.#path, indexParts(content));
    rmSync(this.#changesPath, { force: true });
    this.#written = { checksum, bytes, blocks: new Map(content.blocks), pieces: new Map() };
  }

  /** False if the whole is better written anew. */
  #writeChanges(content: IndexContent): boolean {
    const written = this.#written;
    if (!written || written.bytes < WHOLE_BELOW_BYTES) return false;
    const changed = changedPieces(written.blocks, content.blocks, written.pieces);
    const parts = changesParts(content, changed, written.checksum);
    if (parts.reduce((sum, part) => sum + part.length, 0) > written.bytes * MOST_CHANGED) return false;
    replace(this.#changesPath, parts);
    return true;
  }
}

/** Replaces a file by `parts` and their SHA-256. */
function replace(path: string, parts: Iterable<Buffer>): { checksum: Buffer; bytes: number } {
  const temporary = temporaryBeside(path);
  writePoint();
  const fd = openSync(temporary, 'wx');
  try {
    const hash = createHash('sha256');
    let bytes = CHECKSUM_BYTES;
    for (const part of parts) {
      hash.update(part);
      writeAll(fd, part);
      bytes += part.length;
    }
    const checksum = hash.digest();
    writeAll(fd, checksum);
    writePoint();
    renameSync(temporary, path);
    return { checksum, bytes };
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

function readIfThere(path: string): Buffer {
  try {
    return readShared(path);
  } catch {
    return Buffer.alloc(0);
  }
}

/** A whole file, in memory that other threads can read too. */
function readShared(path: string): Buffer {
  const fd = openSync(path, READ_AT_ONCE);
  try {
    const file = newShared(fstatSync(fd).size);
    // What is there only in part has no sound checksum.
    readSync(fd, file, 0, file.length, 0);
    return file;
  } finally {
    closeSync(fd);
  }
}
