import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { ContentId } from '../../base/content-id.js';
import { OcrpipeError } from '../../base/errors.js';
import { inBreaths } from '../../base/in-breaths.js';
import type { EventSink } from '../../base/events.js';
import { writePoint } from '../../base/write-points.js';
import { objectsOf } from '../../store/closure.js';
import type { ObjectKind } from '../../store/format.js';
import { verifyPackInSteps } from '../../store/verify-pack.js';
import { loadView } from '../catalog/load-view.js';
import { eachInParallel } from '../parallel.js';
import type { PushSource, PushWanted } from './push-plan.js';
import { rebuildPack } from './rebuild-pack.js';
import type { ViewSource } from '../catalog/view-source.js';
import type { RemotePlace, RemoteView } from '../catalog/view.js';

export interface VerifyInput extends ViewSource {
  source: PushSource;
  wanted: PushWanted;
  /** Downloads at once. */
  jobs: number;
  events: EventSink;
  signal: AbortSignal;
}

/** What a look at a remote found. */
export interface Verified {
  /** Keys of files that are gone or have wrong bytes, and still do. */
  damaged: ReadonlySet<string>;
  /** Packs that were put in their places again, and what is in them. */
  rebuilt: { packs: number; objects: number };
}

/**
 * Reads every file of the remote that is to hold something of what is wanted, and builds packs again that are gone or have wrong
 * bytes, if all that is in them can be had. Costs a download of them all. What lies below a tree that the store lacks is not looked at.
 */
export async function verifyRemote(input: VerifyInput): Promise<Verified> {
  const view = await loadView(input);
  const damaged = await findDamaged(input, view);
  const rebuilt = { packs: 0, objects: 0 };
  for (const place of damaged.values()) {
    if (place.in !== 'pack' || view.isTaken(place.key) || !(await isRebuilt(input, view, place))) continue;
    damaged.delete(place.key);
    rebuilt.packs += 1;
    rebuilt.objects += place.table.count;
  }
  return { damaged: new Set(damaged.keys()), rebuilt };
}

/** Where nothing may be replaced, what is needed of a pack is sent in another one. */
async function isRebuilt(
  { source, remote, signal }: VerifyInput,
  view: RemoteView,
  { key, table }: RemotePlace & { in: 'pack' },
): Promise<boolean> {
  try {
    return await rebuildPack({ ...source, remote, signal }, { key, table, runs: view.runs() });
  } catch (error) {
    if (error instanceof OcrpipeError && error.code === 'remote-denied') return false;
    throw error;
  }
}

async function findDamaged(input: VerifyInput, view: RemoteView): Promise<Map<string, RemotePlace>> {
  const places = placesOf(input, view);
  const damaged = new Map<string, RemotePlace>();
  const total = [...places.values()].reduce((sum, place) => sum + lengthOf(place), 0);
  let done = 0;
  try {
    await eachInParallel(places.values(), input.jobs, async (place) => {
      if (!(await isSound(input, place))) damaged.set(place.key, place);
      done += lengthOf(place);
      input.events({ type: 'progress', key: 'verify', done, total, unit: 'bytes' });
    });
  } finally {
    input.events({ type: 'progress-end', key: 'verify' });
  }
  return damaged;
}

/** The files that hold what is wanted, by key. */
function placesOf({ source, wanted }: VerifyInput, view: RemoteView): Map<string, RemotePlace> {
  const places = new Map<string, RemotePlace>();
  const note = (kind: ObjectKind, id: ContentId): void => {
    for (const place of view.findAll(kind, id)) places.set(place.key, place);
  };
  for (const { kind, id } of wanted.roots) {
    note(kind, id);
    if (kind === 'blob') continue;
    const absent = (node: ContentId): boolean => !source.store.has(kind, node);
    for (const object of objectsOf({ reader: source.store, kind, id }, absent)) note(object.kind, object.id);
  }
  for (const { record } of wanted.runs) note('run', record);
  return places;
}

function lengthOf(place: RemotePlace): number {
  return place.in === 'pack' ? place.table.size : place.length;
}

async function isSound(input: VerifyInput, place: RemotePlace): Promise<boolean> {
  try {
    return place.in === 'pack' ? await isSoundPack(input, place) : await isSoundObject(input, place);
  } catch (error) {
    if (error instanceof OcrpipeError && WRONG.has(error.code)) return false;
    throw error;
  }
}

const WRONG = new Set(['pack-damaged', 'object-damaged', 'remote-range', 'remote-changed']);

async function isSoundPack(
  { source, remote, signal }: VerifyInput,
  { key, table }: RemotePlace & { in: 'pack' },
): Promise<boolean> {
  const download = await remote.get(key, { range: { start: 0, end: table.size }, signal });
  if (download === undefined) return false;
  const temporary = source.store.temporaryFile();
  try {
    writePoint();
    await pipeline(download.body, createWriteStream(temporary, { flags: 'wx' }), { signal });
    signal.throwIfAborted();
    await inBreaths(verifyPackInSteps(temporary, table.packId), signal);
    return true;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function isSoundObject(
  { remote, signal }: VerifyInput,
  { key, length, id }: RemotePlace & { in: 'file' },
): Promise<boolean> {
  const download = await remote.get(key, { signal });
  if (download === undefined) return false;
  const hash = createHash('sha256');
  for await (const chunk of download.body) {
    if (download.total !== length) return false;
    hash.update(chunk);
  }
  return hash.digest('hex') === id;
}
