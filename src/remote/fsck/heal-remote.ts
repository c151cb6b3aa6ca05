import { closeSync, createWriteStream, openSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { READ_AT_ONCE } from '../../base/cautious-read.js';
import { contentIdOf, type ContentId } from '../../base/content-id.js';
import { OcrpipeError } from '../../base/errors.js';
import { FOLDERS, FORMAT_KEY, objectOfKey, decodeStoreFormat } from '../../store/format.js';
import { writePoint } from '../../base/write-points.js';
import { hashOfFile } from '../../store/loose-objects.js';
import {
  PACK_HEADER_BYTES,
  PACK_SALT_BYTES,
  type PackEntry,
  type PackTable,
} from '../../store/pack-format.js';
import { readFully } from '../../store/pack-reader.js';
import { unlinkIfThere } from '../../store/temporary.js';
import { PackWriter, type SealedPack } from '../../store/pack-writer.js';
import type { RunRecords } from '../../store/run-records.js';
import type { ViewCache } from '../catalog/view-cache.js';
import { baseOfKey, decodeBase } from '../catalog/base-chain.js';
import { catalogOfKey, decodeCatalog } from '../catalog/catalog.js';
import { sendObject } from '../push/send-object.js';
import type { RemoteCheck, RemoteCheckInput } from './check-remote.js';
import type { RemoteFinding } from './remote-finding.js';

export interface HealInput extends RemoteCheckInput {
  runs: RunRecords;
  cache: ViewCache;
}

/**
 * Puts what this machine has in the place of what is damaged or gone on a remote, and returns the keys that are sound again. A
 * file there is named by its bytes, so only the very same file ever takes its place, whoever else writes it at the same time:
 * a large blob from the store, a pack built again from objects of the store and those that are sound on the remote, a catalog or
 * base from what is remembered of the remote. What cannot be had whole is left as it is.
 */
export async function healRemote(input: HealInput, check: RemoteCheck): Promise<Set<string>> {
  const healed = new Set<string>();
  const findings = new Map(check.findings.map((finding) => [finding.key, finding]));
  for (const [key, finding] of findings) {
    input.signal.throwIfAborted();
    if (await healFile(input, check, finding)) healed.add(key);
  }
  return healed;
}

async function healFile(input: HealInput, check: RemoteCheck, finding: RemoteFinding): Promise<boolean> {
  const { key, table } = finding;
  if (table !== undefined) return healPack(input, check, { key, table });
  const id = objectOfKey(key);
  return id === undefined ? healCatalog(input, key) : healObject(input, id);
}

async function healObject(input: HealInput, id: ContentId): Promise<boolean> {
  const { store, remote, signal } = input;
  const place = store.locate('blob', id);
  if (place?.in !== 'file') return false;
  try {
    await sendObject({ store, remote, replace: true, signal }, { id, size: place.length });
    return true;
  } catch (error) {
    if (error instanceof OcrpipeError && error.code === 'object-damaged') return false;
    throw error;
  }
}

/** From what this machine remembers: such files never change once they have their names. */
async function healCatalog({ remote, cache, signal }: HealInput, key: string): Promise<boolean> {
  const bytes = rememberedFile(cache, key);
  if (bytes === undefined) return false;
  await remote.put(key, { bytes }, { sha256: contentIdOf(bytes), signal });
  return true;
}

function rememberedFile(cache: ViewCache, key: string): Buffer | undefined {
  const id = catalogOfKey(key);
  if (id !== undefined) {
    return soundOnly(cache.catalog(id), (bytes) => decodeCatalog(bytes, id, key));
  }
  if (key === FORMAT_KEY) {
    return soundOnly(cache.note(FORMAT_KEY), (bytes) => decodeStoreFormat(bytes.toString('utf8'), key));
  }
  const n = baseOfKey(key);
  const names = cache.notes().filter((name) => name.startsWith(`base-${n ?? ''}-`));
  return names
    .map((name) => soundOnly(cache.note(name), (bytes) => decodeBase(bytes, n!, key)))
    .find((bytes) => bytes !== undefined);
}

function soundOnly(bytes: Buffer | undefined, decode: (bytes: Buffer) => unknown): Buffer | undefined {
  if (bytes === undefined) return undefined;
  try {
    decode(bytes);
    return bytes;
  } catch (error) {
    if (error instanceof OcrpipeError) return undefined;
    throw error;
  }
}

async function healPack(
  input: HealInput,
  check: RemoteCheck,
  { key, table }: { key: string; table: PackTable },
): Promise<boolean> {
  const { remote, signal } = input;
  const there = await FoundPack.download(input, key);
  const built: SealedPack[] = [];
  try {
    for (const salt of there.salts()) {
      const pack = buildAgain(input, { check, table, there, salt });
      if (pack === undefined) return false;
      built.push(pack);
      if (pack.id !== table.packId) continue;
      const body = { file: pack.file, size: pack.table.size };
      await remote.put(key, body, { sha256: await hashOfFile(pack.file, { signal }), signal });
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

  static async download({ remote, store, signal }: HealInput, key: string): Promise<FoundPack> {
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
  { store, runs, signal }: HealInput,
  from: { check: RemoteCheck; table: PackTable; there: FoundPack; salt: Buffer },
): SealedPack | undefined {
  const records = new Map([...from.check.view.runs()].map((run) => [run.record, run]));
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
