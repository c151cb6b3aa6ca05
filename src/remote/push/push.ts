import type { ContentId } from '../../base/content-id.js';
import { collectGarbage } from '../../base/collect-garbage.js';
import { contentIdOf } from '../../base/content-id.js';
import { OcrpipeError } from '../../base/errors.js';
import type { EventSink } from '../../base/events.js';
import { objectKey, type StoreFormat } from '../../store/format.js';
import type { PackTable } from '../../store/pack-format.js';
import type { RunId } from '../../store/run-records.js';
import { catalogKey, encodeCatalog, type LargeObject, type Root } from '../catalog/catalog.js';
import { verifyRemote } from './verify-remote.js';
import { baseKey } from '../catalog/base-chain.js';
import { joinable, takeBack, writeNextBase } from '../catalog/write-base.js';
import { loadCheckedView } from '../catalog/load-view.js';
import { eachInParallel } from '../parallel.js';
import {
  isNothingToPush,
  neededOf,
  planPush,
  type NeededObject,
  type PlannedPack,
  type PushPlan,
  type PushRoot,
  type PushSource,
  type PushWanted,
} from './push-plan.js';
import { createFormat } from '../catalog/remote-format.js';
import { sendObject } from './send-object.js';
import { sendPack, type PackSender } from './send-pack.js';
import type { ViewSource } from '../catalog/view-source.js';
import type { RemoteView } from '../catalog/view.js';

export interface PushInput extends ViewSource {
  source: PushSource;
  wanted: PushWanted;
  /** Read first what the remote has of it, and send again what is gone or damaged there. */
  verify?: boolean;
  /** Uploads at once. */
  jobs: number;
  events: EventSink;
  signal: AbortSignal;
}

/** What a push sent. */
export interface Pushed {
  objects: number;
  packs: number;
  /** Optional roots that were not sent, as a part of them is neither here nor on the remote; absent if there are none. */
  leftOut?: readonly PushRoot[];
}

/** Packs between two catalogs: what an interrupted push has to send again at most. */
const PACKS_PER_CATALOG = 4;
/** Bytes of large objects between two catalogs. */
const LARGE_BYTES_PER_CATALOG = 256 * 1024 * 1024;
/** A catalog is written at most so long after the listing that it was planned by. */
const LISTING_AGE_MS = 5 * 60 * 1000;
/** Loose catalogs that readers have to fetch at most before somebody joins them into a base. */
const MAX_LOOSE_CATALOGS = 64;
/** Each new start means that somebody else collected garbage meanwhile, or that something was taken back from there. */
const STARTS = 8;
/** A root that is pushed again is recorded again after so long: what was pushed lately is not collected. */
const RENEWAL_MS = 24 * 60 * 60 * 1000;
/** For so long nobody deletes a base that follows another: if there is none then, there was none. */
const BASE_LASTS_MS = 60 * 60 * 1000;

/**
 * Sends what the remote lacks of `wanted`: packs of blobs, large objects, packs of nodes, and last the catalog that makes
 * trees and roots visible. Killed at any moment it leaves nothing half-visible, and the next push goes on from the last
 * catalog. Deletes nothing. When it returns, everything is there and no collection of garbage has condemned any of it: one that
 * comes later sees the roots.
 */
export async function push(input: PushInput): Promise<Pushed> {
  const { damaged: distrusted, rebuilt } = input.verify === true ? await verifyRemote(input) : {};
  const sent: Sent = { objects: 0, packs: 0, bytes: 0, ...rebuilt };
  for (let start = 1; start <= STARTS; start += 1) {
    const view = await loadCheckedView(input, { distrusted });
    const seenAt = await input.remote.now({ signal: input.signal }).catch(ifNoTime);
    input.signal.throwIfAborted();
    const plan = planPush(input.source, { ...input.wanted, ...timesOf(seenAt) }, view);
    collectGarbage();
    if (isNothingToPush(plan)) return pushedOf(sent, plan);
    if (plan.takeBack.length > 0) {
      await takeBack(input, plan.takeBack);
      continue;
    }
    const format = view.parts.format ?? (await createFormat(input));
    const outcome = await new PushRun(input, { view, seenAt, plan, format, sent }).run();
    if (outcome === 'done') return pushedOf(sent, plan);
  }
  throw new OcrpipeError(
    'remote-unsteady',
    `${input.remote.where} was reorganised by others again and again`,
    {
      hint: 'Run the command again when the collection of garbage there has finished.',
    },
  );
}

interface Sent extends Pushed {
  bytes: number;
}

function pushedOf({ objects, packs }: Sent, { leftOut }: PushPlan): Pushed {
  return { objects, packs, ...(leftOut.length > 0 && { leftOut }) };
}

/** A folder that cannot be written to tells no time: then nothing is renewed. */
function ifNoTime(error: unknown): undefined {
  if (!(error instanceof OcrpipeError)) throw error;
  return undefined;
}

function timesOf(seenAt: Date | undefined): Pick<PushWanted, 'now' | 'renewBefore'> {
  if (seenAt === undefined) return {};
  const renewBefore = new Date(seenAt.getTime() - RENEWAL_MS).toISOString();
  return { now: seenAt.toISOString(), renewBefore };
}

interface PushStart {
  view: RemoteView;
  seenAt: Date | undefined;
  plan: PushPlan;
  format: StoreFormat;
  /** What earlier starts sent; counted on. */
  sent: Sent;
}

/** One attempt to carry out a plan. */
class PushRun {
  readonly #input: PushInput;
  readonly #plan: PushPlan;
  readonly #format: StoreFormat;
  readonly #sender: PackSender;
  #view: RemoteView;
  /** Sent, but in no catalog yet. */
  #tables: PackTable[] = [];
  #large: LargeObject[] = [];
  readonly #sent: Sent;
  /** When the view was taken, by the remote's clock. */
  #seenAt: Date | undefined;

  constructor(input: PushInput, start: PushStart) {
    this.#input = input;
    this.#plan = start.plan;
    this.#format = start.format;
    this.#view = start.view;
    this.#seenAt = start.seenAt;
    this.#sent = start.sent;
    const { source, remote, signal } = input;
    const runs = new Map<ContentId, RunId>(start.plan.runs.map((run) => [run.record, run]));
    this.#sender = { source, remote, runs, signal };
  }

  async run(): Promise<'done' | 'collected'> {
    const { collected } = this.#view;
    this.#progress();
    try {
      await this.#sendBlobPacks();
      await this.#sendLargeObjects();
      await this.#sendPacks(this.#plan.lastPacks);
      if (this.#listingAge() > LISTING_AGE_MS * 0.8) await this.#look();
      if (this.#view.collected !== collected) return 'collected';
      await this.#writeCatalog(true);
      if (await this.#hasNewBase()) await this.#look();
      if (this.#view.collected !== collected) return 'collected';
      if (joinable(this.#view).length >= MAX_LOOSE_CATALOGS) await writeNextBase(this.#input, this.#format);
    } finally {
      this.#input.events({ type: 'progress-end', key: 'push' });
    }
    return 'done';
  }

  /** A collection that did not see the last catalog may have condemned what it relies on. */
  async #hasNewBase(): Promise<boolean> {
    const { remote, signal } = this.#input;
    if ((await remote.describe(baseKey(this.#view.baseNumber + 1), { signal })) !== undefined) return true;
    const now = await remote.now({ signal });
    return this.#seenAt === undefined || now.getTime() - this.#seenAt.getTime() > BASE_LASTS_MS;
  }

  async #sendBlobPacks(): Promise<void> {
    const packs = this.#plan.blobPacks;
    for (let at = 0; at < packs.length; at += PACKS_PER_CATALOG) {
      await this.#sendPacks(packs.slice(at, at + PACKS_PER_CATALOG));
      if (at + PACKS_PER_CATALOG < packs.length) await this.#checkpoint();
    }
  }

  async #sendLargeObjects(): Promise<void> {
    let unnamed = 0;
    const { jobs, source, remote, signal } = this.#input;
    for (const batch of batchesOf(this.#plan.large, LARGE_BYTES_PER_CATALOG)) {
      if (unnamed > 0) await this.#checkpoint();
      await eachInParallel(batch, jobs, async (object) => {
        if (!this.#view.keeps('blob', object.id)) {
          const replace = this.#view.isDistrusted(objectKey(object.id));
          await sendObject({ store: source.store, remote, replace, signal }, object);
          this.#large.push(object);
          this.#sent.objects += 1;
        }
        this.#progress(object.size);
      });
      unnamed = this.#large.length;
    }
  }

  /** What others brought since the plan was made is left out. */
  async #sendPacks(packs: readonly PlannedPack[]): Promise<void> {
    await eachInParallel(packs, this.#input.jobs, async (planned) => {
      const { count, bytes, objects } = this.#stillNeeded(planned);
      if (count > 0) {
        const pack: PlannedPack = planned.from === 'local' ? planned : { from: 'objects', needed: objects };
        this.#tables.push(await sendPack(this.#sender, pack, this.#view));
        this.#sent.objects += count;
        this.#sent.packs += 1;
      }
      this.#progress(bytes);
    });
  }

  /** How many objects of a planned pack the remote still lacks, those of a new one, and the bytes that were planned. */
  #stillNeeded(planned: PlannedPack): { count: number; bytes: number; objects: NeededObject[] } {
    const still = { count: 0, bytes: 0, objects: [] as NeededObject[] };
    for (const object of neededOf(planned)) {
      still.bytes += object.length;
      if (this.#view.keeps(object.kind, object.id)) continue;
      still.count += 1;
      if (planned.from === 'objects') still.objects.push(object);
    }
    return still;
  }

  /** Names the blobs that were sent, so that neither an interruption nor another pusher sends them again; then looks anew. */
  async #checkpoint(): Promise<void> {
    await this.#writeCatalog(false);
    await this.#look();
  }

  async #look(): Promise<void> {
    this.#view = await loadCheckedView(this.#input, { distrusted: this.#view.parts.distrusted });
    this.#seenAt = await this.#input.remote.now({ signal: this.#input.signal });
  }

  async #writeCatalog(last: boolean): Promise<void> {
    const { remote, cache, wanted, signal } = this.#input;
    const created = (await remote.now({ signal })).toISOString();
    const { project } = wanted;
    const roots = last ? this.#plan.roots.map(({ id, kind }): Root => ({ id, kind, project, created })) : [];
    const { id, bytes } = encodeCatalog({
      ...{ store: this.#format.store, project, created, base: this.#view.baseNumber, roots },
      packs: this.#tables,
      objects: this.#large,
      runs: last ? this.#plan.runs : [],
    });
    signal.throwIfAborted();
    const sha256 = contentIdOf(bytes);
    await remote.put(catalogKey(id), { bytes }, { sha256, ifNoneMatch: true, signal });
    cache.putCatalog(id, bytes);
    this.#tables = [];
    this.#large = [];
  }

  #listingAge(): number {
    return performance.now() - this.#view.parts.listedAtMs;
  }

  #progress(bytes = 0): void {
    this.#sent.bytes += bytes;
    const { bytes: total } = this.#plan;
    this.#input.events({ type: 'progress', key: 'push', done: this.#sent.bytes, total, unit: 'bytes' });
  }
}

function* batchesOf(objects: readonly LargeObject[], bytes: number): Generator<LargeObject[]> {
  let batch: LargeObject[] = [];
  let size = 0;
  for (const object of objects) {
    batch.push(object);
    size += object.size;
    if (size < bytes) continue;
    yield batch;
    batch = [];
    size = 0;
  }
  if (batch.length > 0) yield batch;
}
