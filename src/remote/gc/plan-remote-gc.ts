import type { ContentId } from '../../base/content-id.js';
import { MAX_PACK_DATA_BYTES, objectKey, objectOfKey, packKey, packOfKey } from '../../store/format.js';
import type { FileTally } from '../../store/gc/facts.js';
import type { PackTable } from '../../store/pack-format.js';
import { baseOfKey, type Condemned, type Deleted } from '../catalog/base-chain.js';
import { catalogOfKey, type LargeObject } from '../catalog/catalog.js';
import type { RemoteView } from '../catalog/view.js';
import type { RemoteMarks } from './remote-marks.js';

/** What a plan is made of. */
export interface RemoteGcFacts {
  readonly view: RemoteView;
  readonly marks: RemoteMarks;
  /** Kind and id of what is missing below what is there. */
  readonly lost: ReadonlySet<string>;
  /** The remote's clock. */
  readonly now: Date;
  readonly graceMs: number;
}

/** What a collection is to do with a remote. Made without a request. */
export interface RemoteGcPlan {
  /** Packs that stay as they are. */
  readonly keep: readonly PackTable[];
  /** Packs whose needed objects are written to new ones; then they are condemned. */
  readonly rewrite: readonly PackTable[];
  readonly objects: readonly LargeObject[];
  /** Packs and large objects that do not stay, and are not deleted yet: what is in them is still found. */
  readonly leaving: { readonly packs: readonly PackTable[]; readonly objects: readonly LargeObject[] };
  /** What is condemned in the next base, its time included; what was before keeps its time. */
  readonly condemned: readonly Condemned[];
  /** What is deleted once the next base says so. */
  readonly remove: readonly string[];
  /** Names that were deleted before and cannot be used yet. */
  readonly deleted: readonly Deleted[];
  /** False if all that is left to do is to tidy up catalogs and bases. */
  readonly isWorthIt: boolean;
  /** What goes and stays where these keys stay as well. */
  readonly tally: (staying?: ReadonlySet<string>) => RemoteGcTally;
}

/** What goes and stays, for people; of packs and large objects. Objects of which another copy stays are not counted as going. */
export interface RemoteGcTally {
  /** Condemned now. */
  readonly condemned: FileTally;
  /** To be deleted now. */
  readonly deleted: FileTally;
  /** Condemned before, and not to be deleted yet. */
  readonly waiting: FileTally;
  /** From when the first of that may be deleted (ISO 8601, the remote's clock); absent where nothing waits. */
  readonly waitsUntil?: string;
  /** Condemned before, and needed. */
  readonly rescued: number;
  readonly needed: { readonly objects: number; readonly bytes: number };
  readonly files: { readonly condemned: readonly string[]; readonly deleted: readonly string[] };
}

/** The name of something deleted is not used again for so long: until then every request to delete it has arrived, or never will. */
const NAME_RESTS_MS = 24 * 60 * 60 * 1000;
/** A pack of which at least this share may go is written anew without it. */
const DEAD_SHARE = 0.25;
/** A pack with fewer bytes is small. */
const SMALL_PACK_BYTES = MAX_PACK_DATA_BYTES / 16;
/** So many small packs are joined: what is needed of each costs a request. */
const MANY_SMALL_PACKS = 8;
/** So many catalogs and bases that can be deleted are worth a new base. */
const MANY_CATALOGS = 16;

/** What one pack holds. */
interface Judged {
  readonly table: PackTable;
  readonly needed: { objects: number; bytes: number };
  readonly deadBytes: number;
  /** Objects that nothing needs, neither from here nor from elsewhere. */
  readonly deadObjects: number;
  /** True if a node that nothing needs is in it: as what is below that goes, no catalog may prove it whole. */
  readonly hasDeadNodes: boolean;
}

export function planRemoteGc(facts: RemoteGcFacts): RemoteGcPlan {
  const { view, marks } = facts;
  const packs = view.packs.map((table) => judge(table, marks));
  const live = packs.filter(({ needed }) => needed.objects > 0);
  const rewritten = chooseRewrites(live);
  const keep = live.filter((pack) => !rewritten.has(pack)).map(({ table }) => table);
  const large = [...view.large].map(([id, size]) => ({ id, size }));
  const objects = large.filter(({ id }) => marks.isMarked('blob', id));
  const stays = new Set([
    ...keep.map(({ packId }) => packKey(packId)),
    ...objects.map(({ id }) => objectKey(id)),
  ]);
  const fate = new Fate(facts, stays);
  const leaving = new Set(fate.condemned.map(({ key }) => key));
  const goingObjects = large.filter(({ id }) => !stays.has(objectKey(id)));
  const rewrite = [...rewritten].map(({ table }) => table);
  return {
    ...{ keep: [...keep, ...lostPacks(facts)], rewrite, objects: [...objects, ...lostObjects(facts)] },
    leaving: {
      packs: view.packs.filter(({ packId }) => leaving.has(packKey(packId))),
      objects: goingObjects.filter(({ id }) => leaving.has(objectKey(id))),
    },
    condemned: fate.condemned,
    remove: fate.remove,
    deleted: fate.deleted,
    isWorthIt: rewritten.size > 0 || fate.isWorthIt(stays),
    tally: (staying = new Set()) => fate.tally({ packs, objects, stays, staying }),
  };
}

function judge(table: PackTable, marks: RemoteMarks): Judged {
  const needed = { objects: 0, bytes: 0 };
  let deadBytes = 0;
  let deadObjects = 0;
  let hasDeadNodes = false;
  for (let index = 0; index < table.count; index += 1) {
    const kind = table.kindAt(index);
    if (marks.isMarkedAt(table, index)) {
      needed.objects += 1;
      needed.bytes += table.lengthAt(index);
    } else {
      deadBytes += table.lengthAt(index);
      if (marks.isMarked(kind, table.idAt(index))) continue;
      deadObjects += 1;
      hasDeadNodes ||= kind === 'tree' || kind === 'listing';
    }
  }
  return { table, needed, deadBytes, deadObjects, hasDeadNodes };
}

function chooseRewrites(live: readonly Judged[]): Set<Judged> {
  const bytesIn = ({ needed, deadBytes }: Judged): number => needed.bytes + deadBytes;
  const wasteful = live.filter(
    (pack) => pack.hasDeadNodes || (pack.deadBytes > 0 && pack.deadBytes >= bytesIn(pack) * DEAD_SHARE),
  );
  const small = live.filter((pack) => bytesIn(pack) < SMALL_PACK_BYTES);
  return new Set([...wasteful, ...(small.length >= MANY_SMALL_PACKS ? small : [])]);
}

/** Packs that are gone, and would have what is missing: they stay named, so that everybody sees that something is. */
function lostPacks({ view, lost }: RemoteGcFacts): PackTable[] {
  if (lost.size === 0) return [];
  const { parts, loose } = view.parts;
  const gone = new Map<ContentId, PackTable>();
  for (const table of [...parts, ...loose].flatMap(({ catalog }) => catalog.packs)) {
    const key = packKey(table.packId);
    if (view.listed.get(key) === table.size || view.isTaken(key)) continue;
    for (const { kind, id } of table.entries()) if (lost.has(kind + id)) gone.set(table.packId, table);
  }
  return [...gone.values()];
}

/** Large objects that are gone and needed: they stay named for the same reason. */
function lostObjects({ view, lost }: RemoteGcFacts): LargeObject[] {
  if (lost.size === 0) return [];
  const { parts, loose } = view.parts;
  const gone = new Map<ContentId, LargeObject>();
  for (const object of [...parts, ...loose].flatMap(({ catalog }) => catalog.objects)) {
    if (lost.has(`blob${object.id}`) && !view.isTaken(objectKey(object.id))) gone.set(object.id, object);
  }
  return [...gone.values()];
}

/** What becomes of each file that does not stay. */
class Fate {
  readonly condemned: Condemned[] = [];
  readonly remove: string[] = [];
  readonly deleted: readonly Deleted[];
  readonly #fresh = new Set<string>();
  readonly #sizes: ReadonlyMap<string, number>;
  readonly #facts: RemoteGcFacts;

  constructor(facts: RemoteGcFacts, stays: ReadonlySet<string>) {
    const { view, now, graceMs } = facts;
    const time = now.toISOString();
    const { base, listed, listedObjects = [] } = view.parts;
    this.#facts = facts;
    this.#sizes = new Map([...listed, ...listedObjects].map(({ key, size }) => [key, size]));
    this.deleted = (base?.collection.deleted ?? []).filter(({ until }) => until > time);
    const resting = new Set(this.deleted.map(({ key }) => key));
    const before = new Map((base?.condemned ?? []).map(({ key, deleteAfter }) => [key, deleteAfter]));
    const deleteAfter = new Date(now.getTime() + graceMs).toISOString();
    for (const key of this.#sizes.keys()) {
      if (stays.has(key) || resting.has(key) || !isOurs(key)) continue;
      const since = before.get(key);
      if (since !== undefined && since <= time) this.remove.push(key);
      else this.condemned.push({ key, deleteAfter: since ?? deleteAfter });
      if (since === undefined) this.#fresh.add(key);
    }
  }

  isWorthIt(stays: ReadonlySet<string>): boolean {
    const before = this.#facts.view.parts.base?.condemned ?? [];
    const isRescue = before.some(({ key }) => stays.has(key));
    const isData = (key: string): boolean => !isTidying(key);
    const tidied = this.remove.filter(isTidying).length;
    return isRescue || [...this.#fresh].some(isData) || this.remove.some(isData) || tidied >= MANY_CATALOGS;
  }

  tally(what: {
    packs: readonly Judged[];
    objects: readonly LargeObject[];
    stays: ReadonlySet<string>;
    /** Keys that were to go, and stay. */
    staying: ReadonlySet<string>;
  }): RemoteGcTally {
    const dead = new Map(what.packs.map(({ table, deadObjects }) => [packKey(table.packId), deadObjects]));
    const tallyOf = (keys: readonly string[]): FileTally => ({
      files: keys.length,
      objects: keys.reduce((sum, key) => sum + (dead.get(key) ?? 1), 0),
      bytes: keys.reduce((sum, key) => sum + (this.#sizes.get(key) ?? 0), 0),
    });
    const goes = (key: string): boolean => !isTidying(key) && !what.staying.has(key);
    const going = this.condemned.filter(({ key }) => goes(key));
    const condemned = going.map(({ key }) => key).filter((key) => this.#fresh.has(key));
    const deleted = this.remove.filter(goes);
    const before = this.#facts.view.parts.base?.condemned ?? [];
    const waiting = going.filter(({ key }) => !this.#fresh.has(key));
    const [waitsUntil] = waiting.map(({ deleteAfter }) => deleteAfter).sort();
    return {
      condemned: tallyOf(condemned),
      deleted: tallyOf(deleted),
      waiting: tallyOf(waiting.map(({ key }) => key)),
      ...(waitsUntil !== undefined && { waitsUntil }),
      rescued: before.filter(({ key }) => what.stays.has(key) || what.staying.has(key)).length,
      needed: {
        objects: what.packs.reduce((sum, { needed }) => sum + needed.objects, what.objects.length),
        bytes: [
          ...what.packs.map(({ needed }) => needed.bytes),
          ...what.objects.map(({ size }) => size),
        ].reduce((sum, bytes) => sum + bytes, 0),
      },
      files: { condemned: condemned.sort(), deleted: deleted.sort() },
    };
  }
}

/** Whatever else lies there is left alone. */
function isOurs(key: string): boolean {
  return (packOfKey(key) ?? objectOfKey(key)) !== undefined || isTidying(key);
}

/** Catalogs and bases: each new base replaces all that there are. */
function isTidying(key: string): boolean {
  return catalogOfKey(key) !== undefined || baseOfKey(key) !== undefined;
}

/** When the name of something that is deleted now can be used again (ISO 8601). */
export function restsUntil(now: Date): string {
  return new Date(now.getTime() + NAME_RESTS_MS).toISOString();
}

/** True while a file may be deleted: the request must have arrived long before its name is used again. */
export function mayDelete({ until }: Deleted, now: Date): boolean {
  return Date.parse(until) - now.getTime() > NAME_RESTS_MS / 2;
}

/** The catalogs that a next base covers: all that there are. */
export function allCatalogs(view: RemoteView): ContentId[] {
  return [...view.listed.keys()].flatMap((key) => catalogOfKey(key) ?? []);
}
