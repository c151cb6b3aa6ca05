import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { ContentId } from '../../base/content-id.js';
import { READ_AT_ONCE } from '../../base/cautious-read.js';
import { systemErrorCode } from '../../base/errors.js';
import type { Snapshot } from '../../tracking/workspace-files.js';
import type { LineRange } from '../definition/stage/stage.js';

const NEWLINE = 0x0a;

/**
 * The bytes of some lines of a file, line ends included, as one value; lines that it does not have count as none. Reads no
 * further than the last one that is asked for. Undefined if there is no such file, or none of the lines. `ranges` are sorted and apart.
 */
export async function linesOfFile(
  path: string,
  ranges: readonly LineRange[],
  signal: AbortSignal,
): Promise<Snapshot | undefined> {
  const file = await open(path, READ_AT_ONCE).catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes(systemErrorCode(error) ?? '')) return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  try {
    if (!(await file.stat()).isFile()) return undefined;
    const lines = new Lines(ranges);
    const stream = file.createReadStream({ autoClose: false, highWaterMark: 1024 * 1024 });
    for await (const chunk of stream) {
      signal.throwIfAborted();
      if (lines.take(chunk as Buffer) === 'enough') break;
    }
    return lines.snapshot();
  } finally {
    await file.close();
  }
}

/** Hashes the wanted lines of what it is given piece by piece. */
class Lines {
  readonly #ranges: readonly LineRange[];
  readonly #hash = createHash('sha256');
  /** Of the line that the next byte belongs to. */
  #line = 1;
  #range = 0;
  #size = 0;

  constructor(ranges: readonly LineRange[]) {
    this.#ranges = ranges;
  }

  take(bytes: Buffer): 'more' | 'enough' {
    let start = 0;
    while (start < bytes.length) {
      const range = this.#ranges[this.#range];
      if (range === undefined) return 'enough';
      const inside = this.#line >= range.from;
      const until = inside ? range.to : range.from - 1;
      const end = this.#passLines(bytes, start, until);
      if (inside) this.#add(bytes.subarray(start, end));
      if (range.to !== undefined && this.#line > range.to) this.#range += 1;
      start = end;
    }
    return this.#range < this.#ranges.length ? 'more' : 'enough';
  }

  /** Where the line after `until` begins, or the end of the bytes. */
  #passLines(bytes: Buffer, start: number, until: number | undefined): number {
    if (until === undefined) return bytes.length;
    let at = start;
    while (this.#line <= until) {
      const end = bytes.indexOf(NEWLINE, at);
      if (end === -1) return bytes.length;
      at = end + 1;
      this.#line += 1;
    }
    return at;
  }

  #add(bytes: Buffer): void {
    this.#hash.update(bytes);
    this.#size += bytes.length;
  }

  snapshot(): Snapshot | undefined {
    if (this.#size === 0) return undefined;
    return { id: this.#hash.digest('hex') as ContentId, kind: 'file', size: this.#size };
  }
}
