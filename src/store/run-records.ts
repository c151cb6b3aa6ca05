import { isUtf8 } from 'node:buffer';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson, type JsonValue } from '../base/canonical-json.js';
import { READ_AT_ONCE } from '../base/cautious-read.js';
import { contentIdOf, type ContentId } from '../base/content-id.js';
import { OcrpipeError, systemErrorCode } from '../base/errors.js';
import { flushFolders, flushTogether } from '../base/flush-files.js';
import { FOLDERS, runKey, runOfKey } from './format.js';
import { objectDamaged, objectMissing } from './object-reader.js';
import { readFully } from './pack-reader.js';
import { giveName, giveNameUnflushed, namesIn, writeTemporary, writeUnflushed } from './temporary.js';
import { Trash } from './trash.js';

/** Longest run record that is written or read, in bytes. */
export const MAX_RECORD_BYTES = 16 * 1024 * 1024;

/** Names one run record: the key that it is found by, and its own content id. */
export interface RunId {
  key: ContentId;
  record: ContentId;
}

/**
 * The run records of a local store. What a record says is not looked at here: it is canonical JSON (RFC 8785), found by a key
 * that the writer derives from its inputs and named by the SHA-256 of its bytes. A key may have several.
 */
export class RunRecords {
  readonly #root: string;
  readonly #trash: Trash;

  /** With `inspect` nothing is brought back from the trash: it is read there. */
  constructor(root: string, options: { inspect?: boolean } = {}) {
    this.#root = root;
    this.#trash = new Trash(root, options);
  }

  /** Stores a record durably; the same value again is one record. */
  put(key: ContentId, value: JsonValue): ContentId {
    const bytes = Buffer.from(canonicalJson(value));
    const record = contentIdOf(bytes);
    this.putBytes({ key, record }, bytes);
    return record;
  }

  /** The same, and the caller may do something else while it is flushed. */
  async putSoon(key: ContentId, value: JsonValue): Promise<ContentId> {
    const bytes = Buffer.from(canonicalJson(value));
    const run = { key, record: contentIdOf(bytes) };
    parseRecord(run, bytes, this.fileOf(run));
    if (this.isWhole(run)) return run.record;
    const temporary = writeUnflushed(join(this.#root, FOLDERS.tmp), bytes);
    await flushTogether([temporary]);
    await flushFolders(giveNameUnflushed(temporary, join(this.#root, runKey(key, run.record))));
    return run.record;
  }

  /** Stores the bytes of a record that came from elsewhere. Throws `object-damaged` if they are not what the id names. */
  putBytes(run: RunId, bytes: Uint8Array): void {
    const where = this.fileOf(run);
    parseRecord(run, bytes, where);
    if (!this.isWhole(run)) {
      giveName(
        writeTemporary(join(this.#root, FOLDERS.tmp), bytes),
        join(this.#root, runKey(run.key, run.record)),
      );
    }
  }

  fileOf(run: RunId): string {
    return this.#trash.placeOf(runKey(run.key, run.record));
  }

  /** The ids of the records under a key, sorted; those in the trash too. */
  list(key: ContentId): ContentId[] {
    const condemned = [...this.#trash.list()]
      .map((file) => runOfKey(file.key))
      .filter((run) => run !== undefined);
    const found = [...this.#inFolder(key.slice(0, 2)), ...condemned].filter((run) => run.key === key);
    return [...new Set(found.map((run) => run.record))].sort();
  }

  /** Every record of the store, sorted. */
  *all(): Generator<RunId> {
    for (const folder of namesIn(join(this.#root, FOLDERS.runs))) yield* this.#inFolder(folder);
  }

  /** The value of a record. Throws `object-missing` or `object-damaged`. */
  read(run: RunId): JsonValue {
    return parseRecord(run, this.readBytes(run), this.fileOf(run));
  }

  /** The verified bytes of a record. Throws `object-missing` or `object-damaged`. */
  readBytes(run: RunId): Buffer {
    const where = this.fileOf(run);
    const fd = this.#open(run);
    try {
      const { size } = fstatSync(fd);
      if (size > MAX_RECORD_BYTES) throw objectDamaged('run', run.record, where, `it is ${size} bytes long`);
      const bytes = Buffer.allocUnsafeSlow(size);
      if (!readFully(fd, bytes, 0) || contentIdOf(bytes) !== run.record) {
        throw objectDamaged('run', run.record, where, 'its bytes have another hash');
      }
      return bytes;
    } finally {
      closeSync(fd);
    }
  }

  #open(run: RunId): number {
    const key = runKey(run.key, run.record);
    try {
      return openSync(this.fileOf(run), READ_AT_ONCE);
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error;
      const place = this.#trash.rescue(key);
      if (place === undefined) throw objectMissing('run', run.record, this.#root);
      return openSync(place, READ_AT_ONCE);
    }
  }

  /** True if the record is there and its bytes are those of its id. */
  isWhole(run: RunId): boolean {
    try {
      this.readBytes(run);
      return true;
    } catch (error) {
      if (error instanceof OcrpipeError) return false;
      throw error;
    }
  }

  #inFolder(folder: string): RunId[] {
    return namesIn(join(this.#root, FOLDERS.runs, folder))
      .map((name) => runOfKey(`${FOLDERS.runs}/${folder}/${name}`))
      .filter((run) => run !== undefined);
  }
}

/**
 * Checks hash and form of a record: canonical JSON and nothing else, so that equal records have equal ids. Throws
 * `object-damaged`.
 */
export function parseRecord(run: RunId, bytes: Uint8Array, where: string): JsonValue {
  if (bytes.length > MAX_RECORD_BYTES) throw objectDamaged('run', run.record, where, 'it is too long');
  if (contentIdOf(bytes) !== run.record) {
    throw objectDamaged('run', run.record, where, 'its bytes have another hash');
  }
  const value = parseCanonical(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  if (value === undefined) throw objectDamaged('run', run.record, where, 'it is not canonical JSON');
  return value;
}

function parseCanonical(bytes: Buffer): JsonValue | undefined {
  if (!isUtf8(bytes)) return undefined;
  const text = bytes.toString('utf8');
  try {
    const value = JSON.parse(text) as JsonValue;
    return canonicalJson(value) === text ? value : undefined;
  } catch {
    // No JSON, or a value that has no canonical form, or nested deeper than any record.
    return undefined;
  }
}
