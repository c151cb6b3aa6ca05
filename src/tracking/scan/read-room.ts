import type { ContentId } from '../../base/content-id.js';
import { LARGE_BLOB_BYTES } from '../../store/format.js';
import type { FileStat } from './stat-index-format.js';

/** Files that one room is for. */
export const ROOM_FILES = 128;
/** There is always room for one small file, and for a byte more, which tells that it is none. */
const ROOM_BYTES = 2 * LARGE_BLOB_BYTES;
const STAT_FIELDS = 5;
const STATS_BYTES = ROOM_FILES * STAT_FIELDS * Float64Array.BYTES_PER_ELEMENT;

/** A file that was read: the stat that belongs to exactly these bytes, and their id. */
export interface FileRead extends FileStat {
  id: ContentId;
}

/**
 * What small files are read into: bytes and stats. It is used again and again, and threads share it, so that nothing of it is
 * ever copied or collected.
 */
export class ReadRoom {
  readonly shared: SharedArrayBuffer;
  readonly bytes: Buffer;
  /** Size, mtime, ctime, inode and mode, file after file. */
  readonly #stats: Float64Array;

  /** A new room, or one that another thread made. */
  constructor(shared = new SharedArrayBuffer(STATS_BYTES + ROOM_BYTES)) {
    this.shared = shared;
    this.bytes = Buffer.from(shared, STATS_BYTES);
    this.#stats = new Float64Array(shared, 0, ROOM_FILES * STAT_FIELDS);
  }

  setStat(file: number, { size, mtimeMs, ctimeMs, ino, mode }: FileStat): void {
    const stats = this.#stats;
    const at = file * STAT_FIELDS;
    stats[at] = size;
    stats[at + 1] = mtimeMs;
    stats[at + 2] = ctimeMs;
    stats[at + 3] = ino;
    stats[at + 4] = mode;
  }

  file(file: number, id: ContentId): FileRead {
    const stats = this.#stats;
    const at = file * STAT_FIELDS;
    return {
      id,
      size: stats[at]!,
      mtimeMs: stats[at + 1]!,
      ctimeMs: stats[at + 2]!,
      ino: stats[at + 3]!,
      mode: stats[at + 4]!,
    };
  }
}
