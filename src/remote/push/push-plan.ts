import type { ContentId } from '../../base/content-id.js';
import { OcrpipeError } from '../../base/errors.js';
import { MAX_PACK_DATA_BYTES, MAX_PACK_OBJECTS, packKey, type ObjectKind } from '../../store/format.js';
import { objectMissing } from '../../store/object-reader.js';
import type { PackTable } from '../../store/pack-format.js';
import type { RunId, RunRecords } from '../../store/run-records.js';
import { walkNodes } from '../../store/tree-reader.js';
import { textOf } from '../fetch/missing-on-remote.js';
import type { LargeObject } from '../catalog/catalog.js';
import type { RemoteView } from '../catalog/view.js';
import type { PushStore } from './push-store.js';
import { TakeBack } from './take-back.js';

/** Something to push with everything below it. */
export interface PushRoot {
  id: ContentId;
  kind: 'blob' | 'tree' | 'listing';
  /** Path of the workspace, for messages. */
  name: string;
  /** Left out, rather than an error, if a part of it is nowhere. */
  optional?: boolean;
  /** A listing that is left out where the remote has the directory itself. */
  unlessTree?: boolean;
  /** What stores it anew, for people. Not asked for an optional root. */
  storedBy?: () => string;
}

/** The local side of a push. */
export interface PushSource {
  store: PushStore;
  runs: RunRecords;
}

/** A small object that the remote needs. */
export interface NeededObject {
  kind: ObjectKind;
  id: ContentId;
  /** Bytes. */
  length: number;
  /** The local pack that it is in, if it is in one. */
  pack?: ContentId;
}

/** One pack to send: a local one as it is, or a new one of these objects in this order. */
export type PlannedPack =
  | { from: 'local'; table: PackTable; needed: readonly NeededObject[] }
  | { from: 'local'; table: PackTable; needed: 'all' }
  | { from: 'objects'; needed: readonly NeededObject[] };

/** What is needed of a planned pack, made anew each time where it is all of it: a plan of many files holds no list of them. */
export function* neededOf(planned: PlannedPack): Generator<NeededObject> {
  if (planned.needed === 'all') yield* objectsOfTable(planned.table);
  else yield* planned.needed;
}

export function* objectsOfTable(table: PackTable): Generator<NeededObject> {
  for (const { kind, id, length } of table.entries()) yield { kind, id, length };
}

/** What to send, in this order. Made without a request and without writing anything. */
export interface PushPlan {
  blobPacks: readonly PlannedPack[];
  large: readonly LargeObject[];
  /** Packs with nodes and run records; in a small push the only pack, with the blobs first. */
  lastPacks: readonly PlannedPack[];
  roots: readonly PushRoot[];
  runs: readonly RunId[];
  /** Optional roots that are not sent, as a part of them is nowhere. */
  leftOut: readonly PushRoot[];
  /** Condemned files of the remote to take back before anything is sent. */
  takeBack: readonly string[];
  /** Objects to send, and their bytes. */
  objects: number;
  bytes: number;
}

/** Below so many bytes of small objects a push is one pack. */
const ONE_PACK_BYTES = 16 * 1024 * 1024;
/** A local pack goes as it is if at least this share of its bytes is needed. */
const WHOLE_PACK_SHARE = 0.75;

/** What to push. */
export interface PushWanted {
  roots: readonly PushRoot[];
  runs: readonly RunId[];
  /** The project that the roots are recorded for. */
  project: string;
  /** Roots that were pushed before are recorded again (ISO 8601, the remote's clock): what was pushed lately is kept there. */
  renewBefore?: string;
  /** The remote's clock (ISO 8601), where it is known. */
  now?: string;
}

/**
 * need = what the roots reach − what the view has. Nothing below a tree of the view is walked, unless a pack is missing
 * there. Throws `object-missing` for what is neither here nor there.
 */
export function planPush(source: PushSource, wanted: PushWanted, view: RemoteView): PushPlan {
  const collected = new Collected(source.store, view, wanted.now);
  const kept = new Set(wanted.roots.filter((root) => collected.addRoot(root)));
  const runs = uniqueRuns(wanted.runs).filter((run) => !view.hasRun(run));
  const records = runs
    .filter((run) => !view.keeps('run', run.record))
    .map((run) => ({ kind: 'run' as const, id: run.record, length: source.runs.readBytes(run).length }));
  const { blobs, nodes, large } = collected;
  const last = [...nodes, ...uniqueObjects(records)];
  return {
    ...arrangePacks({ source, view, blobs, last }),
    large,
    roots: uniqueRoots([...kept]).filter((root) => !isRecorded(root, wanted, view)),
    runs,
    leftOut: wanted.roots.filter((root) => !kept.has(root)),
    takeBack: collected.takeBack(),
    objects: blobs.length + last.length + large.length,
    bytes: bytesOf(blobs) + bytesOf(last) + large.reduce((sum, { size }) => sum + size, 0),
  };
}

/** True if the remote has everything, and knows that this project needs it. */
export function isNothingToPush(plan: PushPlan): boolean {
  const { objects, roots, runs, takeBack } = plan;
  return objects + roots.length + runs.length + takeBack.length === 0;
}

function isRecorded(root: PushRoot, { project, renewBefore = '' }: PushWanted, view: RemoteView): boolean {
  const pushedAt = view.pushedAt({ ...root, project });
  return pushedAt !== undefined && pushedAt >= renewBefore;
}

/** Gathers what the roots need, each object once, in path order. */
class Collected {
  readonly blobs: NeededObject[] = [];
  readonly nodes: NeededObject[] = [];
  readonly large: LargeObject[] = [];
  readonly #store: PushStore;
  readonly #view: RemoteView;
  readonly #takeBack: TakeBack;
  readonly #seenBlobs = new Set<string>();
  /** Kind and id. */
  readonly #seenNodes = new Set<string>();

  constructor(store: PushStore, view: RemoteView, now: string | undefined) {
    this.#store = store;
    this.#view = view;
    this.#takeBack = new TakeBack(view, now);
  }

  takeBack(): string[] {
    return this.#takeBack.keys();
  }

  /** False if the root is optional and something of it is nowhere, or not needed; then nothing of it is taken. */
  addRoot(root: PushRoot): boolean {
    if (root.unlessTree === true && this.#view.keeps('tree', root.id)) return false;
    try {
      this.#takeAll(root.kind === 'blob' ? [this.#blob(root.id, root)] : this.#tree(root, root.kind));
      return true;
    } catch (error) {
      const absent =
        error instanceof OcrpipeError && (error.code === 'object-missing' || error.code === 'object-damaged');
      if (absent && root.optional === true) return false;
      throw error;
    }
  }

  #tree(root: PushRoot, kind: 'tree' | 'listing'): (NeededObject | LargeObject | undefined)[] {
    const found: (NeededObject | LargeObject | undefined)[] = [];
    const skip = (id: ContentId): boolean =>
      this.#seenNodes.has(kind + id) ||
      (this.#view.keeps(kind, id) && (this.#view.intact || !this.#store.has(kind, id)));
    if (skip(root.id)) return found;
    this.#refuseAbsent(root, kind);
    for (const { id, node } of walkNodes({ reader: this.#store, kind, id: root.id }, skip)) {
      if (!this.#view.keeps(kind, id)) found.push(this.#node(kind, id));
      if ('children' in node || kind === 'listing') continue;
      for (const entry of node.entries) {
        if (entry.kind === 'file') found.push(this.#blob(entry.id, root, entry.name));
      }
    }
    return found;
  }

  #refuseAbsent(root: PushRoot, kind: ObjectKind): void {
    if (this.#store.has(kind, root.id)) return;
    if (!this.#view.has(kind, root.id)) throw nowhere({ kind, id: root.id }, root);
    const where = 'the local store, and the remote collected garbage since it was pushed';
    throw objectMissing(kind, root.id, where, `Run 'ocrpipe fetch' first: it must be seen what lies below.`);
  }

  /** What must be sent for a blob; undefined if the remote has it. */
  #blob(id: ContentId, root: PushRoot, file?: string): NeededObject | LargeObject | undefined {
    if (this.#seenBlobs.has(id) || this.#view.keeps('blob', id)) return undefined;
    const place = this.#store.locate('blob', id);
    this.#takeBack.note(id, place?.in);
    if (place === undefined && this.#view.has('blob', id)) return undefined;
    if (place === undefined)
      throw this.#store.damageOf('blob', id) ?? nowhere({ kind: 'blob', id }, root, file);
    if (place.in === 'file') return { id, size: place.length };
    return { kind: 'blob', id, length: place.length, ...(place.in === 'pack' && { pack: place.pack }) };
  }

  #node(kind: ObjectKind, id: ContentId): NeededObject {
    const place = this.#store.locate(kind, id);
    return { kind, id, length: place?.length ?? 0, ...(place?.in === 'pack' && { pack: place.pack }) };
  }

  #isFirst(object: NeededObject | LargeObject): boolean {
    const isBlob = 'size' in object || object.kind === 'blob';
    const seen: Set<string> = isBlob ? this.#seenBlobs : this.#seenNodes;
    const before = seen.size;
    // Of many blobs no other text than the id is made.
    return seen.add(isBlob ? object.id : object.kind + object.id).size > before;
  }

  #takeAll(found: readonly (NeededObject | LargeObject | undefined)[]): void {
    for (const object of found) {
      if (object === undefined) continue;
      if (!this.#isFirst(object)) continue;
      if ('size' in object) this.large.push(object);
      else (object.kind === 'blob' ? this.blobs : this.nodes).push(object);
    }
  }
}

/** `file`: its name in the folder that is pushed, raw bytes as latin1. */
function nowhere(
  { kind, id }: { kind: ObjectKind; id: ContentId },
  { name, storedBy }: PushRoot,
  file?: string,
): OcrpipeError {
  const whole = file === undefined ? name : `${name} (${textOf(file)})`;
  const where = `the local store, nor on the remote; it belongs to ${whole}`;
  return objectMissing(kind, id, where, `${storedBy?.() ?? ''} Or pull it from another remote first.`.trim());
}

function arrangePacks(input: {
  source: PushSource;
  view: RemoteView;
  blobs: readonly NeededObject[];
  last: readonly NeededObject[];
}): Pick<PushPlan, 'blobPacks' | 'lastPacks'> {
  const { source, view, blobs, last } = input;
  if (bytesOf(blobs) + bytesOf(last) < ONE_PACK_BYTES && blobs.length + last.length <= MAX_PACK_OBJECTS) {
    const needed = [...blobs, ...last];
    return { blobPacks: [], lastPacks: needed.length === 0 ? [] : [{ from: 'objects', needed }] };
  }
  return { blobPacks: packsFor(source, view, blobs), lastPacks: packsFor(source, view, last) };
}

/** Local packs that may go as they are, then new packs of the rest, in the given order. */
function packsFor(source: PushSource, view: RemoteView, needed: readonly NeededObject[]): PlannedPack[] {
  const byPack = new Map<ContentId, NeededObject[]>();
  for (const object of needed) {
    if (object.pack === undefined) continue;
    const sharing = byPack.get(object.pack);
    if (sharing === undefined) byPack.set(object.pack, [object]);
    else sharing.push(object);
  }
  const tables = new Map(source.store.packs().map((table) => [table.packId, table]));
  const whole: PlannedPack[] = [];
  const covered = new Set<NeededObject>();
  for (const [id, objects] of byPack) {
    const table = tables.get(id);
    if (table === undefined || !mayGoWhole(table, objects, view)) continue;
    const isWhole = objects.length === table.count;
    whole.push(isWhole ? { from: 'local', table, needed: 'all' } : { from: 'local', table, needed: objects });
    for (const object of objects) covered.add(object);
  }
  return [...whole, ...newPacks(needed.filter((object) => !covered.has(object)))];
}

/**
 * A local pack may hold what does not belong to this push (a store can be shared by projects): it goes as it is only if
 * every object in it is needed or on the remote already, and most of its bytes are needed.
 */
function mayGoWhole(table: PackTable, needed: readonly NeededObject[], view: RemoteView): boolean {
  if (view.isTaken(packKey(table.packId))) return false;
  const data = table.offsetAt(table.count) - table.offsetAt(0);
  if (bytesOf(needed) < data * WHOLE_PACK_SHARE) return false;
  if (needed.length === table.count) return true;
  const names = new Set(needed.map(({ kind, id }) => kind + id));
  for (const { kind, id } of table.entries()) {
    if (!names.has(kind + id) && !view.keeps(kind, id)) return false;
  }
  return true;
}

/** Fills packs in order. */
function newPacks(needed: readonly NeededObject[]): PlannedPack[] {
  const packs: NeededObject[][] = [];
  let bytes = 0;
  for (const object of needed) {
    const current = packs.at(-1);
    bytes += object.length;
    if (current === undefined || bytes > MAX_PACK_DATA_BYTES || current.length === MAX_PACK_OBJECTS) {
      packs.push([object]);
      bytes = object.length;
    } else {
      current.push(object);
    }
  }
  return packs.map((objects) => ({ from: 'objects', needed: objects }));
}

function bytesOf(objects: readonly NeededObject[]): number {
  return objects.reduce((sum, { length }) => sum + length, 0);
}

function uniqueObjects(objects: readonly NeededObject[]): NeededObject[] {
  return [...new Map(objects.map((object) => [object.kind + object.id, object])).values()];
}

function uniqueRuns(runs: readonly RunId[]): RunId[] {
  return [...new Map(runs.map((run) => [run.key + run.record, run])).values()];
}

function uniqueRoots(roots: readonly PushRoot[]): PushRoot[] {
  return [...new Map(roots.map((root) => [root.kind + root.id, root])).values()];
}
