import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { ContentId } from '../../base/content-id.js';
import { OcrpipeError } from '../../base/errors.js';
import type { EventSink } from '../../base/events.js';
import { writePoint } from '../../base/write-points.js';
import { objectsOf } from '../../store/closure.js';
import type { ObjectKind } from '../../store/format.js';
import { verifyPackFile } from '../../store/verify-pack.js';
import { loadView } from '../catalog/load-view.js';
import { eachInParallel } from '../parallel.js';
import type { PushSource, PushWanted } from './push-plan.js';
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

/**
 * Reads every file of the remote that is to hold something of what is wanted, and returns the keys of those that are gone or
 * have wrong bytes. Costs a download of them all. What lies below a tree that the store lacks is not looked at.
 */
export async function findDamaged(input: VerifyInput): Promise<Set<string>> {
  const view = await loadView(input);
  const places = placesOf(input, view);
  const damaged = new Set<string>();
  const total = [...places.values()].reduce((sum, place) => sum + lengthOf(place), 0);
  let done = 0;
  try {
    await eachInParallel(places.values(), input.jobs, async (place) => {
      if (!(await isSound(input, place))) damaged.add(place.key);
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
    verifyPackFile(temporary, table.packId);
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
