import { open, rm } from 'node:fs/promises';
import { BufferPool } from '../../base/buffer-pool.js';
import type { ContentId } from '../../base/content-id.js';
import { inBreaths } from '../../base/in-breaths.js';
import { verifyPackInSteps } from '../../store/verify-pack.js';
import { OcrpipeError } from '../../base/errors.js';
import { writePoint } from '../../base/write-points.js';
import { packKey } from '../../store/format.js';
import type { PackTable } from '../../store/pack-format.js';
import type { RunId } from '../../store/run-records.js';
import type { StoreWriter } from '../../store/store-writer.js';
import { CopyAlong } from './copy-along.js';
import { DiskSpeed } from './disk-speed.js';
import type { FetchInput } from './fetch-input.js';
import { fetchLarge } from './fetch-large.js';
import { fileGone, ObjectSource, remoteObjectCut, type WantedObject } from './object-source.js';
import { MOST_RANGES } from './resumable-download.js';
import { eachInParallel } from '../parallel.js';
import { joinRanges, planPackRead, type PlannedRange } from './range-plan.js';
import type { RemotePlace, RemoteView } from '../catalog/view.js';
import type { WantedBlobs } from './wanted-blobs.js';

const PASSING_BYTES = 3 * 1024 * 1024;

/** Wanted objects of one pack. */
interface PackShare {
  table: PackTable;
  indexes: number[];
}

/** Carries out the transfers of one fetch: every object is verified before the store gets it, and passed over if it is damaged. */
export class FetchRun {
  readonly #input: FetchInput;
  readonly #view: RemoteView;
  readonly #source: ObjectSource;
  readonly #packsRead = new Set<ContentId>();
  /** Ranges of large objects that are on their way at once. */
  readonly #buffers: BufferPool;
  /** What packs pass through on their way to a file. */
  readonly #passing: BufferPool;
  readonly #copiesDisk = new DiskSpeed();
  readonly #progress = { objects: 0, done: 0, total: 0 };

  constructor(input: FetchInput, view: RemoteView) {
    this.#input = input;
    this.#view = view;
    this.#source = new ObjectSource(input.remote, view, input.signal);
    this.#buffers = new BufferPool(Math.min(input.jobs, MOST_RANGES), { shared: true });
    this.#passing = new BufferPool(input.jobs);
  }

  get objects(): number {
    return this.#progress.objects;
  }

  /** Those that were read, whole or in part. */
  get packs(): ReadonlySet<ContentId> {
    return this.#packsRead;
  }

  /** What the remote has damaged, in every copy: it was passed over. */
  get damaged(): readonly OcrpipeError[] {
    return this.#source.damaged;
  }

  /** Small blobs by packs, large ones by themselves. What was verified stays in the store even if another fails. */
  async fetchBlobs(wanted: WantedBlobs): Promise<void> {
    const nameOf = (id: ContentId): string => wanted.nameOf(id);
    const { shares, files, bytes } = this.#arrange(blobsOf(wanted));
    this.#progress.total = bytes;
    const writer = this.#input.store.writer();
    try {
      await eachInParallel(shares, this.#input.jobs, (share) => this.#fetchShare(share, writer, nameOf));
      await eachInParallel(files, this.#buffers.count, (file) => this.#fetchFile(file));
    } finally {
      writer.finish();
      this.#input.events({ type: 'progress-end', key: 'fetch' });
    }
  }

  /** Reads small objects (nodes, run records) into memory, verified; `alongside` adds nodes of the same packs. */
  async readSmall(
    wanted: readonly WantedObject[],
    take: (object: { kind: WantedObject['kind']; id: ContentId; bytes: Buffer }) => void,
    alongside?: (table: PackTable, requests: number) => readonly number[],
  ): Promise<void> {
    const names = new Map(wanted.map(({ id, name }) => [id, name]));
    const { shares } = this.#arrange(wanted);
    const ranges = shares.flatMap(({ table, indexes }) =>
      (alongside
        ? withAlongside(table, indexes, alongside).map((range) => withNodesBetween(table, range))
        : joinRanges(table, indexes)
      ).map((range) => ({ table, range })),
    );
    await eachInParallel(ranges, this.#input.jobs, async ({ table, range }) => {
      this.#packsRead.add(table.packId);
      for await (const object of this.#source.readRange(table, range, (id) => names.get(id) ?? id))
        take(object);
    });
  }

  /** The places of the objects, by pack, and their bytes; throws `object-missing`. */
  #arrange(wanted: Iterable<WantedObject>): {
    shares: PackShare[];
    files: { wanted: WantedObject; place: RemotePlace }[];
    bytes: number;
  } {
    const shares = new Map<ContentId, PackShare>();
    const files: { wanted: WantedObject; place: RemotePlace }[] = [];
    let bytes = 0;
    for (const object of wanted) {
      const place = this.#source.place(object);
      bytes += place.length;
      if (place.in === 'file') {
        files.push({ wanted: object, place });
        continue;
      }
      const share = shares.get(place.table.packId) ?? { table: place.table, indexes: [] };
      share.indexes.push(place.index);
      shares.set(place.table.packId, share);
    }
    return { shares: [...shares.values()], files, bytes };
  }

  async #fetchShare(share: PackShare, writer: StoreWriter, nameOf: (id: ContentId) => string): Promise<void> {
    const { table, indexes } = share;
    this.#packsRead.add(table.packId);
    const plan = planPackRead(table, indexes);
    if (plan.whole && holdsBlobsOnly(table) && (await this.#fetchWholePack(table))) {
      this.#count(indexes.length, bytesOf(table, indexes));
      return;
    }
    // A pack with nodes in it is not taken as it is: nodes get their names after everything below them. Nor is one with
    // wrong bytes somewhere: what is sound in it is taken, what is not is refused by name.
    const ranges = plan.whole ? joinRanges(table, indexes, table.size) : plan.ranges;
    for (const range of ranges) {
      for await (const { bytes } of this.#source.readRange(table, range, nameOf)) {
        writer.putBlob(bytes);
        this.#count(1, bytes.length);
      }
    }
  }

  /** False if some of its bytes are wrong. The store verifies the whole file before it gets a name. */
  async #fetchWholePack(table: PackTable): Promise<boolean> {
    const { store, signal } = this.#input;
    const temporary = store.temporaryFile();
    try {
      await this.#download(packKey(table.packId), table.size, temporary);
      signal.throwIfAborted();
      const verified = await inBreaths(verifyPackInSteps(temporary, table.packId), signal);
      store.adoptPack(temporary, table.packId, verified);
      return true;
    } catch (error) {
      if (error instanceof OcrpipeError && REFUSED.has(error.code)) return false;
      throw error;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  async #download(key: string, size: number, target: string): Promise<void> {
    const { remote, signal } = this.#input;
    await this.#passing.use(PASSING_BYTES, async (through) => {
      const download = await remote.get(key, { range: { start: 0, end: size }, through, signal });
      if (download === undefined) throw fileGone(remote, key);
      writePoint();
      const file = await open(target, 'wx');
      try {
        for await (const chunk of download.body) await file.writeFile(chunk);
        // Who names it flushes it, and others wait meanwhile: not for much.
        await file.datasync();
      } finally {
        await file.close();
      }
    });
  }

  async #fetchFile({ wanted, place }: { wanted: WantedObject; place: RemotePlace }): Promise<void> {
    const { store, remote, signal, copies } = this.#input;
    const copy = copies?.get(wanted.id);
    try {
      await fetchLarge({
        ...{ store, remote, wanted, signal, buffers: this.#buffers },
        ...(copy !== undefined && { copy: new CopyAlong(copy, this.#copiesDisk) }),
        key: place.key,
        size: place.length,
        onBytes: (bytes) => {
          this.#count(0, bytes);
        },
      });
      this.#count(1, 0);
    } catch (error) {
      if (!(error instanceof OcrpipeError) || !REFUSED.has(error.code)) throw error;
      const short = error.code === 'remote-range';
      this.#source.damaged.push(short ? remoteObjectCut(remote, wanted, place.key) : error);
    }
  }

  #count(objects: number, bytes: number): void {
    this.#progress.objects += objects;
    this.#progress.done += bytes;
    const { done, total } = this.#progress;
    this.#input.events({ type: 'progress', key: 'fetch', done, total, unit: 'bytes' });
  }

  /** Run records under the wanted keys that the remote has and the store has not. */
  async fetchRuns(wanted: (run: RunId) => boolean): Promise<RunId[]> {
    const runs = [...this.#view.runs()].filter((run) => wanted(run) && this.#view.has('run', run.record));
    const byRecord = new Map(runs.map((run) => [run.record, run]));
    const objects = runs.map(({ record }) => ({ kind: 'run' as const, id: record, name: 'pipeline.lock' }));
    await this.readSmall(objects, ({ id, bytes }) => {
      const run = byRecord.get(id);
      if (run === undefined) return;
      this.#input.runs.putBytes(run, bytes);
      this.#progress.objects += 1;
    });
    return runs;
  }
}

function* blobsOf(wanted: WantedBlobs): Generator<WantedObject> {
  for (const id of wanted.ids()) {
    // The name is made where somebody reads it.
    yield {
      kind: 'blob',
      id,
      get name(): string {
        return wanted.nameOf(id);
      },
    };
  }
}

/** The ranges of the wanted objects, joined with what is rather read along than left out. */
function withAlongside(
  table: PackTable,
  indexes: readonly number[],
  alongside: (table: PackTable, requests: number) => readonly number[],
): PlannedRange[] {
  const ranges = joinRanges(table, indexes);
  const more = alongside(table, ranges.length);
  return more.length === 0 ? ranges : joinRanges(table, [...new Set([...indexes, ...more])]);
}

/** With the nodes in its gaps: they are read in any case, and most often what is asked for next. */
function withNodesBetween(table: PackTable, range: PlannedRange): PlannedRange {
  const wanted = new Set(range.indexes);
  const indexes: number[] = [];
  for (let index = range.indexes[0] ?? 0; index <= (range.indexes.at(-1) ?? -1); index += 1) {
    const kind = table.kindAt(index);
    if (wanted.has(index) || kind === 'tree' || kind === 'listing') indexes.push(index);
  }
  return { ...range, indexes };
}

const REFUSED = new Set(['pack-damaged', 'object-damaged', 'remote-range']);

function holdsBlobsOnly(table: PackTable): boolean {
  for (let index = 0; index < table.count; index += 1) if (table.kindAt(index) !== 'blob') return false;
  return true;
}

function bytesOf(table: PackTable, indexes: readonly number[]): number {
  return indexes.reduce((sum, index) => sum + table.lengthAt(index), 0);
}
