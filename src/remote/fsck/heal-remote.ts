import { contentIdOf, type ContentId } from '../../base/content-id.js';
import { OcrpipeError } from '../../base/errors.js';
import { FORMAT_KEY, objectOfKey, decodeStoreFormat } from '../../store/format.js';
import type { RunRecords } from '../../store/run-records.js';
import type { ViewCache } from '../catalog/view-cache.js';
import { baseOfKey, decodeBase } from '../catalog/base-chain.js';
import { catalogOfKey, decodeCatalog } from '../catalog/catalog.js';
import { rebuildPack } from '../push/rebuild-pack.js';
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
  if (table !== undefined) return rebuildPack(input, { key, table, runs: check.view.runs() });
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
