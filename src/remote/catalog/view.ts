import type { ContentId } from '../../base/content-id.js';
import type { ObjectKind, StoreFormat } from '../../store/format.js';
import { objectKey, packKey } from '../../store/format.js';
import { ObjectIndex } from '../../store/object-index.js';
import type { PackTable } from '../../store/pack-format.js';
import type { RunId } from '../../store/run-records.js';
import type { Base } from './base-chain.js';
import type { Catalog, Root } from './catalog.js';
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
 * What a remote has, by one listing and its catalogs: everything that the parts of the highest base and the loose catalogs
 * name, less what is condemned and less packs that are not listed or have another size.
 */
export class RemoteView {
  readonly parts: ViewParts;
  /** False if a pack or large object that a catalog names is not there: what lies below a tree may then be missing too. */
  readonly intact: boolean;
  /** Bytes of each listed key. */
  readonly listed: ReadonlyMap<string, number>;
  readonly #condemned: ReadonlySet<string>;
  readonly #listedObjects: ReadonlyMap<string, number> | undefined;
  readonly #index = new ObjectIndex();
  readonly #large = new Map<ContentId, number>();
  readonly #runs = new Map<string, RunId>();
  readonly #roots = new Set<string>();

  constructor(parts: ViewParts) {
    this.parts = parts;
    this.listed = new Map(parts.listed.map(({ key, size }) => [key, size]));
    this.#condemned = new Set(parts.base?.condemned.map(({ key }) => key));
    this.#listedObjects =
      parts.listedObjects && new Map(parts.listedObjects.map(({ key, size }) => [key, size]));
    let intact = true;
    const seen = new Set<ContentId>();
    for (const { catalog } of [...parts.parts, ...parts.loose]) {
      for (const table of catalog.packs) {
        if (seen.has(table.packId)) continue;
        seen.add(table.packId);
        if (this.#isThere(table)) this.#index.add(table);
        else intact = false;
      }
      intact = this.#addLarge(catalog) && intact;
      for (const run of catalog.runs) this.#runs.set(run.key + run.record, run);
      for (const root of catalog.roots) this.#roots.add(rootName(root));
    }
    this.intact = intact;
  }

  get baseNumber(): number {
    return this.parts.base?.n ?? 0;
  }

  has(kind: ObjectKind, id: ContentId): boolean {
    return this.#index.has(kind, id) || (kind === 'blob' && this.#large.has(id));
  }

  /** Every copy of an object; another may be sound where one is damaged. */
  findAll(kind: ObjectKind, id: ContentId): RemotePlace[] {
    const places: RemotePlace[] = this.#index.findAll(kind, id).map(({ table, index }) => ({
      in: 'pack',
      key: packKey(table.packId),
      table,
      index,
      offset: table.offsetAt(index),
      length: table.lengthAt(index),
    }));
    const size = kind === 'blob' ? this.#large.get(id) : undefined;
    if (size !== undefined) places.push({ in: 'file', id, key: objectKey(id), length: size });
    return places;
  }

  find(kind: ObjectKind, id: ContentId): RemotePlace | undefined {
    return this.findAll(kind, id)[0];
  }

  hasRun(run: RunId): boolean {
    return this.#runs.has(run.key + run.record);
  }

  /** Every run record, in no order. */
  runs(): Iterable<RunId> {
    return this.#runs.values();
  }

  hasRoot(root: Pick<Root, 'id' | 'kind' | 'project'>): boolean {
    return this.#roots.has(rootName(root));
  }

  /** How many large objects it has. */
  get largeObjects(): number {
    return this.#large.size;
  }

  /** True for a pack on its way out, or one that was found damaged: its objects must be written under another name. */
  isTaken(key: string): boolean {
    return this.#condemned.has(key) || this.isDistrusted(key);
  }

  /** True for a key whose bytes were read and found wrong. */
  isDistrusted(key: string): boolean {
    return this.parts.distrusted?.has(key) ?? false;
  }

  #isThere(table: PackTable): boolean {
    const key = packKey(table.packId);
    return this.listed.get(key) === table.size && !this.isTaken(key);
  }

  /** False if a large object of the catalog is known not to be there. */
  #addLarge(catalog: Catalog): boolean {
    let whole = true;
    for (const { id, size } of catalog.objects) {
      const key = objectKey(id);
      if (this.#condemned.has(key)) continue;
      const isThere = this.#listedObjects === undefined || this.#listedObjects.get(key) === size;
      if (isThere && !this.isDistrusted(key)) this.#large.set(id, size);
      else whole = false;
    }
    return whole;
  }
}

function rootName(root: Pick<Root, 'id' | 'kind' | 'project'>): string {
  return `${root.kind} ${root.id} ${root.project}`;
}
