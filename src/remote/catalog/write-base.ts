import { contentIdOf, type ContentId } from '../../base/content-id.js';
import type { StoreFormat } from '../../store/format.js';
import { readAll } from '../backends/remote.js';
import { baseKey, encodeBase, NO_COLLECTION, type Base } from './base-chain.js';
import { catalogKey, encodeCatalog, type Catalog } from './catalog.js';
import { loadView } from './load-view.js';
import type { ViewSource } from './view-source.js';
import type { NamedCatalog, RemoteView } from './view.js';

/** Parts larger than this are not joined again: rewriting them would cost more than fetching one more. Bytes. */
const MAX_JOINED_BYTES = 64 * 1024 * 1024;

/** So often a base is tried to be written while others write theirs. */
const TRIES = 40;

/**
 * Joins the loose catalogs, and older parts no larger than what is joined so far, into one new part and names it in the next
 * base. Drops nothing. If another pusher writes that base first, theirs stands and nothing is lost: the part is one more
 * loose catalog of known content.
 */
export async function writeNextBase(source: ViewSource, format: StoreFormat): Promise<void> {
  const view = await loadView(source);
  const created = (await source.remote.now({ signal: source.signal })).toISOString();
  const { joined, kept } = chooseParts(view);
  if (joined.length === 0) return;
  const part = joinCatalogs(
    joined.map(({ catalog }) => catalog),
    { store: format.store, created, base: view.baseNumber },
  );
  const id = await putCatalog(source, part);
  await putBase(source, {
    ...nextBase(view, created),
    parts: [...kept.map((each) => each.id), id],
    covered: coveredBy(view, joined),
  });
}

/**
 * Takes condemned files back, and frees names whose time is over: the next base no longer says that they go. Whoever collects
 * garbage meanwhile loses that base and looks again.
 */
export async function takeBack(source: ViewSource, keys: readonly string[]): Promise<void> {
  const wanted = new Set(keys);
  for (let tries = 1; tries <= TRIES; tries += 1) {
    const view = await loadView(source);
    const created = (await source.remote.now({ signal: source.signal })).toISOString();
    const next = nextBase(view, created);
    const condemned = next.condemned.filter(({ key }) => !wanted.has(key));
    const deleted = next.collection.deleted.filter(({ key, until }) => !wanted.has(key) || created <= until);
    const taken = next.condemned.length + next.collection.deleted.length - condemned.length - deleted.length;
    if (taken === 0) return;
    if (await putBase(source, { ...next, condemned, collection: { ...next.collection, deleted } })) return;
  }
}

/** The base that comes after a view, saying the same. */
export function nextBase(view: RemoteView, created: string): Base {
  const { base } = view.parts;
  return {
    ...{ n: view.baseNumber + 1, created },
    parts: base?.parts ?? [],
    covered: coveredBy(view, []),
    condemned: base?.condemned ?? [],
    collection: base?.collection ?? NO_COLLECTION,
  };
}

/** False if somebody else wrote that base. */
export async function putBase({ remote, signal }: ViewSource, base: Base): Promise<boolean> {
  const bytes = encodeBase(base);
  const key = baseKey(base.n);
  const sha256 = contentIdOf(bytes);
  const outcome = await remote.put(key, { bytes }, { sha256, ifNoneMatch: true, signal });
  if (outcome === 'created') return true;
  // Of two attempts the first may have arrived, and only its answer got lost.
  const there = await remote.get(key, { signal });
  return there !== undefined && (await readAll(there)).equals(bytes);
}

export async function putCatalog(
  { remote, cache, signal }: ViewSource,
  catalog: Catalog,
): Promise<ContentId> {
  const { id, bytes } = encodeCatalog(catalog);
  const sha256 = contentIdOf(bytes);
  await remote.put(catalogKey(id), { bytes }, { sha256, ifNoneMatch: true, signal });
  cache.putCatalog(id, bytes);
  return id;
}

/** Loose catalogs that may become part of a base: the others prove no tree whole, and a part does. */
export function joinable(view: RemoteView): NamedCatalog[] {
  return view.parts.loose.filter((each) => view.proves(each));
}

/** From the newest part back, as long as a part is no larger than all that is joined before it. */
function chooseParts(view: RemoteView): { joined: NamedCatalog[]; kept: NamedCatalog[] } {
  const joined = joinable(view);
  const kept = [...view.parts.parts];
  let bytes = joined.reduce((sum, { size }) => sum + size, 0);
  for (
    let last = kept.at(-1);
    last && last.size <= bytes && bytes + last.size <= MAX_JOINED_BYTES;
    last = kept.at(-1)
  ) {
    joined.unshift(last);
    bytes += last.size;
    kept.pop();
  }
  return { joined, kept };
}

/** What a new base covers: what is joined now, and what was covered before and is still listed. */
function coveredBy(view: RemoteView, joined: readonly NamedCatalog[]): ContentId[] {
  const before = view.parts.base?.covered.filter((id) => view.listed.has(catalogKey(id))) ?? [];
  return [...before, ...joined.map(({ id }) => id)];
}

/** One catalog that says all that these say, each thing once. */
function joinCatalogs(all: readonly Catalog[], by: Pick<Catalog, 'store' | 'created' | 'base'>): Catalog {
  return {
    ...{ store: by.store, project: '', created: by.created, base: by.base },
    roots: unique(
      all.flatMap(({ roots }) => roots),
      (root) => `${root.kind}${root.id}${root.project}${root.created}`,
    ),
    packs: unique(
      all.flatMap(({ packs }) => packs),
      (table) => table.packId,
    ),
    objects: unique(
      all.flatMap(({ objects }) => objects),
      (object) => object.id,
    ),
    runs: unique(
      all.flatMap(({ runs }) => runs),
      (run) => run.key + run.record,
    ),
  };
}

function unique<Item>(items: readonly Item[], name: (item: Item) => string): Item[] {
  return [...new Map(items.map((item) => [name(item), item])).values()];
}
