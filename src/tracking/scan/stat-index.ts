import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { temporaryBeside, writeAll } from '../../base/atomic-file.js';
import { writePoint } from '../../base/write-points.js';
import type { BytePath } from '../byte-path.js';
import {
  BlockReader,
  BlockWriter,
  decodeBlocks,
  EMPTY_BLOCK,
  encodeBlockHeader,
  INDEX_CHECKSUM_BYTES,
  INDEX_HEADER,
  type FileStat,
  type FolderBlock,
  type FolderMemory,
} from './stat-index-format.js';
import type { ContentId } from '../../base/content-id.js';

/**
 * This machine's memory of path and stat -> content id, read once and rewritten whole when something changed. Folders are
 * relative to the workspace root, '' for the root itself. A lost or damaged file only costs reading again.
 */
export class StatIndex {
  readonly #file: string;
  #blocks: Map<string, FolderBlock> | undefined;
  #changed = false;

  constructor(file: string) {
    this.#file = file;
  }

  /** What is remembered of one folder. */
  folder(folder: BytePath): FolderBlock {
    return this.#loaded().get(folder) ?? EMPTY_BLOCK;
  }

  /** Replaces what is remembered of one folder. */
  replaceFolder(folder: BytePath, block: FolderBlock): void {
    const blocks = this.#loaded();
    const before = blocks.get(folder) ?? EMPTY_BLOCK;
    if (before.entries.equals(block.entries) && sameMemory(before.memory, block.memory)) return;
    this.#changed = true;
    if (block.count === 0 && block.memory === undefined) blocks.delete(folder);
    else blocks.set(folder, block);
  }

  /** Remembers one file, leaving the others of its folder; without a stat it is forgotten. */
  replaceFile(folder: BytePath, name: string, entry?: { stat: FileStat; id: ContentId }): void {
    const block = this.#loaded().get(folder) ?? EMPTY_BLOCK;
    const { before, behind, found } = new BlockReader(block).without(name);
    const writer = new BlockWriter();
    if (entry) writer.add(name, entry.stat, entry.id);
    const own = writer.finish();
    const entries = Buffer.concat([before, own.entries, behind]);
    // Where anything differs, what was known of the folder as a whole no longer holds.
    if (entries.equals(block.entries)) return;
    this.replaceFolder(folder, { count: block.count - (found ? 1 : 0) + own.count, entries });
  }

  /** Forgets folders at or below `folder` that are not in `kept`. */
  forgetOthers(folder: BytePath, kept: ReadonlySet<string>): void {
    const blocks = this.#loaded();
    for (const known of blocks.keys()) {
      const below = folder === '' || known === folder || known.startsWith(`${folder}/`);
      if (!below || kept.has(known)) continue;
      blocks.delete(known);
      this.#changed = true;
    }
  }

  /** Writes the file if anything changed. Not flushed to disk: after a power cut it is whole, or found damaged and dropped. */
  save(): void {
    if (!this.#changed) return;
    this.#changed = false;
    try {
      this.#write();
    } catch {
      // A read-only or full disk: only the next scan is slower.
    }
  }

  #write(): void {
    mkdirSync(dirname(this.#file), { recursive: true });
    const temporary = temporaryBeside(this.#file);
    writePoint();
    const fd = openSync(temporary, 'wx');
    try {
      const hash = createHash('sha256');
      for (const part of this.#parts()) {
        hash.update(part);
        writeAll(fd, part);
      }
      writeAll(fd, hash.digest());
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    } finally {
      closeSync(fd);
    }
    writePoint();
    renameSync(temporary, this.#file);
  }

  *#parts(): Generator<Buffer> {
    yield INDEX_HEADER;
    for (const [folder, block] of this.#loaded()) {
      yield encodeBlockHeader(folder, block);
      yield block.entries;
    }
  }

  #loaded(): Map<string, FolderBlock> {
    return (this.#blocks ??= readBlocks(this.#file));
  }
}

function sameMemory(a: FolderMemory | undefined, b: FolderMemory | undefined): boolean {
  return isDeepStrictEqual(a, b);
}

function readBlocks(path: string): Map<string, FolderBlock> {
  const none = new Map<string, FolderBlock>();
  try {
    const file = readFileSync(path);
    const end = file.length - INDEX_CHECKSUM_BYTES;
    if (end < INDEX_HEADER.length || !file.subarray(0, INDEX_HEADER.length).equals(INDEX_HEADER)) return none;
    const checksum = createHash('sha256').update(file.subarray(0, end)).digest();
    return checksum.equals(file.subarray(end)) ? decodeBlocks(file) : none;
  } catch {
    return none;
  }
}
