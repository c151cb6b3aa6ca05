import { createHash } from 'node:crypto';
import { closeSync, fstatSync, mkdirSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Files of 2 to 4 KB, like photos of licence plates: bytes that do not compress, no two alike. */
const SMALLEST = 2048;
const SPREAD = 2048;

/** A generator of bytes that is the same on every machine (AES in counter mode would be faster; this is fast enough). */
class Noise {
  #pool;

  constructor(seed) {
    const parts = [];
    for (let block = 0; block < 1 << 15; block += 1) {
      parts.push(createHash('sha256').update(`${seed} ${block}`).digest());
    }
    this.#pool = Buffer.concat(parts);
  }

  /** The bytes of file number `index`: its number, then a piece of the pool. */
  file(index) {
    const size = SMALLEST + ((index * 2654435761) % SPREAD);
    const start = (index * 40503) % (this.#pool.length - size);
    const bytes = Buffer.from(this.#pool.subarray(start, start + size));
    bytes.writeDoubleLE(index, 0);
    return bytes;
  }
}

/** Writes `count` files into `folder`, at most `perFolder` in each folder below it. */
export function writeFiles(folder, count, perFolder) {
  const noise = new Noise('files');
  const width = String(count).length;
  mkdirSync(folder, { recursive: true });
  for (let index = 0; index < count; index += 1) {
    const name = `${String(index).padStart(width, '0')}.jpg`;
    if (perFolder >= count) {
      writeFileSync(join(folder, name), noise.file(index));
      continue;
    }
    const below = join(folder, String(Math.floor(index / perFolder)).padStart(5, '0'));
    if (index % perFolder === 0) mkdirSync(below, { recursive: true });
    writeFileSync(join(below, name), noise.file(index));
  }
}

/** One file of so many bytes. */
export function writeLarge(path, bytes) {
  const noise = new Noise('large');
  const fd = openSync(path, 'wx');
  for (let written = 0, index = 0; written < bytes; index += 1) {
    const piece = Buffer.concat(Array.from({ length: 256 }, (_, at) => noise.file(index * 256 + at)));
    written += writeSync(fd, piece, 0, Math.min(piece.length, bytes - written));
  }
  closeSync(fd);
}

/** Writes `count` files of 1 to 4 MiB into `folder`, sizes spread evenly and in no order: pieces of the file `from`. */
export function writePieces(from, folder, count) {
  const mib = 2 ** 20;
  mkdirSync(folder);
  const fd = openSync(from, 'r');
  const piece = Buffer.alloc(4 * mib);
  const last = Math.max(0, fstatSync(fd).size - piece.length);
  for (let index = 0; index < count; index += 1) {
    readSync(fd, piece, 0, piece.length, Math.floor((last * index) / count));
    piece.writeUInt32LE(index, 0);
    const bytes = mib + Math.floor((((index * 7919) % count) / count) * 3 * mib);
    writeFileSync(join(folder, `${String(index).padStart(4, '0')}.bin`), piece.subarray(0, bytes));
  }
  closeSync(fd);
}
