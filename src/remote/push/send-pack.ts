import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContentId } from '../../base/content-id.js';
import { FOLDERS, packKey } from '../../store/format.js';
import { hashOfFile } from '../../store/loose-objects.js';
import { PACK_SALT_BYTES, type PackTable } from '../../store/pack-format.js';
import { pinned } from '../../store/pinned.js';
import { PackWriter, type SealedPack } from '../../store/pack-writer.js';
import type { RunId } from '../../store/run-records.js';
import { objectsOfTable, type NeededObject, type PlannedPack, type PushSource } from './push-plan.js';
import type { PushStore } from './push-store.js';
import type { Remote } from '../backends/remote.js';
import type { RemoteView } from '../catalog/view.js';

/** What sending packs needs. */
export interface PackSender {
  source: PushSource;
  remote: Remote;
  /** Where the run records of the plan are found: record id to run. */
  runs: ReadonlyMap<ContentId, RunId>;
  signal?: AbortSignal | undefined;
}

/**
 * Brings one pack to the remote and returns its table. Every object is verified before anything is sent: a damaged one
 * throws `object-damaged` or `pack-damaged`. A pack that is there whole is not sent again; where the name is condemned, or
 * taken by damaged bytes, the pack gets another name through its salt.
 */
export async function sendPack(
  sender: PackSender,
  planned: PlannedPack,
  view: RemoteView,
): Promise<PackTable> {
  if (planned.from === 'local') {
    const { store } = sender.source;
    const { table } = planned;
    store.checkPack(table);
    const { packId: id } = table;
    const sent = pinned(store.root, packKey(id), (file) => putPack(sender, { id, file, table }, view));
    if (await sent) return table;
  } else {
    const table = await sendNewPack(sender, planned.needed, view);
    if (table !== undefined) return table;
  }
  const salt = randomBytes(PACK_SALT_BYTES);
  const objects = planned.from === 'local' ? objectsOfTable(planned.table) : planned.needed;
  const table = await sendNewPack(sender, objects, view, salt);
  // A name drawn at random is free.
  return table!;
}

async function sendNewPack(
  sender: PackSender,
  objects: Iterable<NeededObject>,
  view: RemoteView,
  salt?: Buffer,
): Promise<PackTable | undefined> {
  const sealed = buildPack(sender, objects, salt);
  try {
    return (await putPack(sender, sealed, view)) ? sealed.table : undefined;
  } finally {
    await rm(sealed.file, { force: true });
  }
}

/** Writes the objects into one pack of the store's `tmp/`; each is verified as it is read. */
function buildPack(
  sender: PackSender,
  objects: Iterable<NeededObject>,
  salt: Buffer | undefined,
): SealedPack {
  const { store } = sender.source;
  const writer = new PackWriter(join(store.root, FOLDERS.tmp), salt);
  try {
    for (const { kind, id } of objects) {
      sender.signal?.throwIfAborted();
      writer.add(kind, id, readObject(sender, store, kind, id));
    }
    return writer.seal();
  } catch (error) {
    writer.abort();
    throw error;
  }
}

function readObject(sender: PackSender, store: PushStore, kind: NeededObject['kind'], id: ContentId): Buffer {
  const run = kind === 'run' ? sender.runs.get(id) : undefined;
  return run === undefined ? store.read(kind, id) : sender.source.runs.readBytes(run);
}

/** False if the name cannot be used: it is condemned or distrusted, or other bytes stand there. */
export async function putPack(
  sender: Pick<PackSender, 'remote' | 'signal'>,
  pack: SealedPack,
  view: RemoteView,
): Promise<boolean> {
  const { remote, signal } = sender;
  const key = packKey(pack.id);
  if (view.isTaken(key)) return false;
  const sha256 = await hashOfFile(pack.file, signal ? { signal } : {});
  const isThere = async (): Promise<boolean> => {
    const there = await remote.describe(key, { signal });
    return there?.size === pack.table.size && (there.sha256 ?? sha256) === sha256;
  };
  // A push that was interrupted may have left it: looking costs less than sending.
  if (view.listed.get(key) === pack.table.size && (await isThere())) return true;
  const body = { file: pack.file, size: pack.table.size };
  const outcome = await remote.put(key, body, { sha256, ifNoneMatch: true, signal });
  return outcome === 'created' || isThere();
}
