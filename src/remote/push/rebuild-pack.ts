import { closeSync, createWriteStream, openSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { READ_AT_ONCE } from '../../base/cautious-read.js';
import { contentIdOf } from '../../base/content-id.js';
import { OcrpipeError } from '../../base/errors.js';
import { writePoint } from '../../base/write-points.js';
import { FOLDERS } from '../../store/format.js';
import { hashOfFile } from '../../store/loose-objects.js';
import {
  PACK_HEADER_BYTES,
  PACK_SALT_BYTES,
  type PackEntry,
  type PackTable,
} from '../../store/pack-format.js';
import { readFully } from '../../store/pack-reader.js';
import { PackWriter, type SealedPack } from '../../store/pack-writer.js';
import type { RunId, RunRecords } from '../../store/run-records.js';
import { unlinkIfThere } from '../../store/temporary.js';
import type { Remote } from '../backends/remote.js';
import type { PushStore } from './push-store.js';

/** What a pack is made of, and where it belongs. */
export interface RebuildInput {
  remote: Remote;
  /** Packs are built in its `tmp/`, of objects that it has. */
  store: Pick<PushStore, 'root' | 'read' | 'temporaryFile'>;
  runs: RunRecords;
  signal: AbortSignal;
}

/** One pack of a remote, and the run records that the remote has. */
export interface WrongPack {
  key: string;
  table: PackTable;
  runs: Iterable<RunId>;
}

/**
 * Builds a pack of a remote again, of objects of the store and those that are sound in what stands there, and puts it in its place, which
 * the very same file takes alone. False, and nothing is written, where an object cannot be had.
 */
export async function rebuildPack(input: RebuildInput, pack: WrongPack): Promise<boolean> {
  const { remote, signal } = input;
  const { key, table } = pack;
  const there = await FoundPack.download(input, key);
  const built: SealedPack[] = [];
  try {
    for (const salt of there.salts()) {
      const made = buildAgain(input, { ...pack, there, salt });
      if (made === undefined) return false;
      built.push(made);
      if (made.id !== table.packId) continue;
      const body = { file: made.file, size: made.table.size };
      await remote.put(key, body, { sha256: await hashOfFile(made.file, { signal }), signal });
      return true;
    }
    return false;
  } finally {
    there.remove();
    for (const { file } of built) unlinkIfThere(file);
  }
}

/** What stands on the remote in the place of a pack, in a file of `tmp/`; nothing of it is believed. */
class FoundPack {
  readonly #file: string | undefined;
  readonly #fd: number | undefined;

  private constructor(file?: string) {
    this.#file = file;
    this.#fd = file === undefined ? undefined : openSync(file, READ_AT_ONCE);
  }

  static async download({ remote, store, signal }: RebuildInput, key: string): Promise<FoundPack> {
    const download = await remote.get(key, { signal });
    if (download === undefined) return new FoundPack();
    const file = store.temporaryFile();
    try {
      writePoint();
      await pipeline(download.body, createWriteStream(file, { flags: 'wx' }), { signal });
      return new FoundPack(file);
    } catch (error) {
      unlinkIfThere(file);
      throw error;
    }
  }

  /** The salts that the pack may have had: what its header says, which may be damaged, and none. */
  salts(): Buffer[] {
    const none = Buffer.alloc(PACK_SALT_BYTES);
    const salt = this.#read(PACK_HEADER_BYTES - PACK_SALT_BYTES, PACK_SALT_BYTES);
    return salt === undefined || salt.equals(none) ? [none] : [salt, none];
  }

  /** The bytes of an object, if they are those of its id. */
  sound({ id, offset, length }: PackEntry): Buffer | undefined {
    const bytes = this.#read(offset, length);
    return bytes && contentIdOf(bytes) === id ? bytes : undefined;
  }

  remove(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    if (this.#file !== undefined) unlinkIfThere(this.#file);
  }

  #read(start: number, length: number): Buffer | undefined {
    if (this.#fd === undefined) return undefined;
    const bytes = Buffer.allocUnsafe(length);
    return readFully(this.#fd, bytes, start) ? bytes : undefined;
  }
}

/** The pack with the same objects in the same order; undefined if one of them cannot be had. */
function buildAgain(
  { store, runs, signal }: RebuildInput,
  from: WrongPack & { there: FoundPack; salt: Buffer },
): SealedPack | undefined {
  const records = new Map([...from.runs].map((run) => [run.record, run]));
  const local = ({ kind, id }: PackEntry): Buffer | undefined => {
    const run = records.get(id);
    if (kind !== 'run') return orUndefined(() => store.read(kind, id));
    return run && orUndefined(() => runs.readBytes(run));
  };
  const writer = new PackWriter(join(store.root, FOLDERS.tmp), from.salt);
  try {
    for (const entry of from.table.entries()) {
      signal.throwIfAborted();
      const bytes = from.there.sound(entry) ?? local(entry);
      if (bytes === undefined) return undefined;
      writer.add(entry.kind, entry.id, bytes);
    }
    return writer.seal();
  } finally {
    writer.abort();
  }
}

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof OcrpipeError) return undefined;
    throw error;
  }
}
