import type { ContentId } from '../../base/content-id.js';
import type { ObjectKind, StoreFormat } from '../../store/format.js';
import { objectKey, packKey } from '../../store/format.js';
import { ObjectIndex } from '../../store/object-index.js';
import type { PackTable } from '../../store/pack-format.js';
import type { RunId } from '../../store/run-records.js';
import { NO_COLLECTION, type Base } from './base-chain.js';
import type { Catalog, LargeObject, Root } from './catalog.js';
import type { Listed } from '../backends/remote.js';

/** Where a remote has an object. */
export type RemotePlace =
  | { in: 'pack'; key: string; table: PackTable; index: number; offset: number; length: number }
  | { in: 'file'; id: ContentId; key: string; length: number };

/** A catalog of a view, by name. */
export interface NamedCatalog {
  id: ContentId;
  /** Bytes of its file. */
  size: number;
  catalog: Catalog;
}

/** What a view is made of. */
export interface ViewParts {
  /** Undefined for a remote that nobody pushed to. */
  format: StoreFormat | undefined;
  base: Base | undefined;
  /** The parts of the base. */
  parts: readonly NamedCatalog[];
  /** Listed catalogs that the base neither has as a part nor covers. */
  loose: readonly NamedCatalog[];
  /** Catalogs of what is condemned. */
  leaving?: readonly NamedCatalog[];
  /** The listing of `packs/` that all this was read from. */
  listed: readonly Listed[];
  /** When that listing began, by `performance.now()`. */
  listedAtMs: number;
  /** The listing of `objects/`, where one was taken: large objects that it lacks are not there. */
  listedObjects?: readonly Listed[];
  /** Keys that were read and found damaged or gone: they count as absent, and are not relied on. */
  distrusted?: ReadonlySet<string>;
}

/**
 * What a remote has, by one listing and its catalogs: everything that the parts of the highest base, the loose catalogs and those
 * of condemned files name, less what is deleted and less packs that are not listed or have another size.
 */
export class RemoteView {
  readonly parts: ViewParts;
  /**
   * False if a pack or large object that a catalog names is not there, or a collection of garbage missed something: what lies below
   * a tree may then be missing too.
   */
  readonly intact: boolean;
  /** Bytes of each listed key. */
  readonly listed: ReadonlyMap<string, number>;
  readonly #condemned: ReadonlySet<string>;
  readonly #deleted: ReadonlyMap<string, string>;
  readonly #listedObjects: ReadonlyMap<string, number> | undefined;
  /** Packs of catalogs that prove their trees whole, packs of the others, and condemned ones. */
  readonly #proven = new ObjectIndex();
  readonly #named = new ObjectIndex();
  readonly #leaving = new ObjectIndex();
  readonly #large = new Map<ContentId, number>();
  readonly #leavingLarge = new Map<ContentId, number>();
  readonly #runs = new Map<string, RunId>();
  /** When each was pushed last, as far as a catalog says so that proves it whole. */
  readonly #roots = new Map<string, string>();

  constructor(parts: ViewParts) {
    this.parts = parts;
    this.listed = new Map(parts.listed.map(({ key, size }) => [key, size]));
    const { condemned = [], collection = NO_COLLECTION } = parts.base ?? {};
    this.#condemned = new Set(condemned.map(({ key }) => key));
    this.#deleted = new Map(collection.deleted.map(({ key, until }) => [key, until]));
    this.#listedObjects =
      parts.listedObjects && new Map(parts.listedObjects.map(({ key, size }) => [key, size]));
    const proving = [...parts.parts, ...parts.loose.filter((each) => this.proves(each))];
    const others = [...parts.loose.filter((each) => !this.proves(each)), ...(parts.leaving ?? [])];
    const seen = new Set<ContentId>();
    const provingWhole = proving.map(({ catalog }) => this.#addFiles(catalog, { seen, isProof: true }));
    const othersWhole = others.map(({ catalog }) => this.#addFiles(catalog, { seen, isProof: false }));
    for (const root of proving.flatMap(({ catalog }) => catalog.roots)) this.#addRoot(root);
    this.intact = !collection.incomplete && [...provingWhole, ...othersWhole].every(Boolean);
  }

  get baseNumber(): number {
    return this.parts.base?.n ?? 0;
  }

  /** The number of the last base by which something was collected; 0 for none. */
  get collected(): number {
    return this.parts.base?.collection.collected ?? 0;
  }

  /** True if whatever is below a tree of this loose catalog was there, and not condemned, when the catalog was written. */
  proves({ catalog }: NamedCatalog): boolean {
    return catalog.base >= this.collected;
  }

  /** True if it can be read, be it condemned or not. */
  has(kind: ObjectKind, id: ContentId): boolean {
    return (
      this.#isNamed(kind, id) ||
      this.#leaving.has(kind, id) ||
      (kind === 'blob' && this.#leavingLarge.has(id))
    );
  }

  /**
   * True if it need not be sent: it is there and stays. Of a node that means everything below it, too, if `intact`.
   */
  keeps(kind: ObjectKind, id: ContentId): boolean {
    const isNode = kind === 'tree' || kind === 'listing';
    return isNode ? this.#proven.has(kind, id) : this.#isNamed(kind, id);
  }

  /** Every copy of an object; another may be sound where one is damaged. Condemned ones come last. */
  findAll(kind: ObjectKind, id: ContentId): RemotePlace[] {
    const packed = [this.#proven, this.#named].flatMap((index) => packedIn(index, kind, id));
    const sizes = kind === 'blob' ? [this.#large.get(id), this.#leavingLarge.get(id)] : [];
    const files = sizes.map((size) => (size === undefined ? [] : [fileOf(id, size)]));
    return [...packed, ...(files[0] ?? []), ...packedIn(this.#leaving, kind, id), ...(files[1] ?? [])];
  }

  find(kind: ObjectKind, id: ContentId): RemotePlace | undefined {
    return this.findAll(kind, id)[0];
  }

  /** True if the record can be read and stays. */
  hasRun(run: RunId): boolean {
    return this.#runs.has(run.key + run.record) && this.keeps('run', run.record);
  }

  /** Every run record that is named, in no order. */
  runs(): Iterable<RunId> {
    return this.#runs.values();
  }

  /** When a root was pushed last (ISO 8601, the remote's clock), as far as it is known to be whole. */
  pushedAt(root: Pick<Root, 'id' | 'kind' | 'project'>): string | undefined {
    return this.#roots.get(rootName(root));
  }

  /** The packs that are there: those that prove their trees whole first, condemned ones last. */
  get packs(): readonly PackTable[] {
    return [...this.#proven.tables, ...this.#named.tables, ...this.#leaving.tables];
  }

  /** The large objects that are there, condemned ones too, and their bytes. */
  get large(): ReadonlyMap<ContentId, number> {
    return new Map([...this.#leavingLarge, ...this.#large]);
  }

  /** How many large objects it has. */
  get largeObjects(): number {
    return this.#large.size;
  }

  /** True for a pack on its way out, or one that was found damaged: its objects must be written under another name. */
  isTaken(key: string): boolean {
    return this.isCondemned(key) || this.#deleted.has(key) || this.isDistrusted(key);
  }

  /** True for a key that can be read, may be taken back, and is deleted otherwise. */
  isCondemned(key: string): boolean {
    return this.#condemned.has(key);
  }

  /** Until when (ISO 8601, the remote's clock) the name of something deleted cannot be used; undefined if it can. */
  deletedUntil(key: string): string | undefined {
    return this.#deleted.get(key);
  }

  /** True for a key whose bytes were read and found wrong. */
  isDistrusted(key: string): boolean {
    return this.parts.distrusted?.has(key) ?? false;
  }

  #isNamed(kind: ObjectKind, id: ContentId): boolean {
    return (
      this.#proven.has(kind, id) || this.#named.has(kind, id) || (kind === 'blob' && this.#large.has(id))
    );
  }

  /** False if a file of the catalog is known not to be there, and nobody took it away on purpose. */
  #addFiles(catalog: Catalog, { seen, isProof }: { seen: Set<ContentId>; isProof: boolean }): boolean {
    let whole = true;
    for (const table of catalog.packs) {
      if (seen.has(table.packId)) continue;
      seen.add(table.packId);
      const key = packKey(table.packId);
      const isThere = this.listed.get(key) === table.size && !this.isDistrusted(key);
      if (this.#deleted.has(key)) continue;
      if (this.isCondemned(key)) {
        if (isThere) this.#leaving.add(table);
      } else if (isThere) (isProof ? this.#proven : this.#named).add(table);
      else whole = false;
    }
    for (const object of catalog.objects) whole = this.#addLarge(object) && whole;
    for (const run of catalog.runs) this.#runs.set(run.key + run.record, run);
    return whole;
  }

  #addLarge({ id, size }: LargeObject): boolean {
    const key = objectKey(id);
    if (this.#deleted.has(key)) return true;
    const isListed = this.#listedObjects === undefined || this.#listedObjects.get(key) === size;
    const isThere = isListed && !this.isDistrusted(key);
    const isCondemned = this.isCondemned(key);
    if (isThere) (isCondemned ? this.#leavingLarge : this.#large).set(id, size);
    return isThere || isCondemned;
  }

  #addRoot(root: Root): void {
    const name = rootName(root);
    const known = this.#roots.get(name);
    if (known === undefined || known < root.created) this.#roots.set(name, root.created);
  }
}

function packedIn(index: ObjectIndex, kind: ObjectKind, id: ContentId): RemotePlace[] {
  return index.findAll(kind, id).map(({ table, index: at }) => ({
    in: 'pack',
    key: packKey(table.packId),
    table,
    index: at,
    offset: table.offsetAt(at),
    length: table.lengthAt(at),
  }));
}

function fileOf(id: ContentId, size: number): RemotePlace {
  return { in: 'file', id, key: objectKey(id), length: size };
}

function rootName(root: Pick<Root, 'id' | 'kind' | 'project'>): string {
  return `${root.kind} ${root.id} ${root.project}`;
}
