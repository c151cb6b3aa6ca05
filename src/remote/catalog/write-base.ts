import { contentIdOf, type ContentId } from '../../base/content-id.js';
import type { StoreFormat } from '../../store/format.js';
import { baseKey, encodeBase } from './base-chain.js';
import { catalogKey, encodeCatalog, type Catalog } from './catalog.js';
import { loadView } from './load-view.js';
import type { ViewSource } from './view-source.js';
import type { NamedCatalog, RemoteView } from './view.js';

/** Parts larger than this are not joined again: rewriting them would cost more than fetching one more. Bytes. */
const MAX_JOINED_BYTES = 64 * 1024 * 1024;

/**
 * Joins the loose catalogs, and older parts no larger than what is joined so far, into one new part and names it in the next
 * base. Drops nothing. If another pusher writes that base first, theirs stands and nothing is lost: the part is one more
 * loose catalog of known content.
 */
export async function writeNextBase(source: ViewSource, format: StoreFormat): Promise<void> {
  const { remote, cache, signal } = source;
  const view = await loadView(source);
  const created = (await remote.now({ signal })).toISOString();
  const { joined, kept } = chooseParts(view);
  const part = encodeCatalog(joinCatalogs(joined, { format, created, base: view.baseNumber }));
  await remote.put(
    catalogKey(part.id),
    { bytes: part.bytes },
    { sha256: contentIdOf(part.bytes), ifNoneMatch: true, signal },
  );
  cache.putCatalog(part.id, part.bytes);
  const n = view.baseNumber + 1;
  const bytes = encodeBase({
    n,
    created,
    parts: [...kept.map(({ id }) => id), part.id],
    covered: coveredBy(view, joined),
    condemned: view.parts.base?.condemned ?? [],
  });
  await remote.put(baseKey(n), { bytes }, { sha256: contentIdOf(bytes), ifNoneMatch: true, signal });
}

/** From the newest part back, as long as a part is no larger than all that is joined before it. */
function chooseParts(view: RemoteView): { joined: NamedCatalog[]; kept: NamedCatalog[] } {
  const joined = [...view.parts.loose];
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

/** What the new base covers: what is joined now, and what was covered before and is still listed. */
function coveredBy(view: RemoteView, joined: readonly NamedCatalog[]): ContentId[] {
  const before = view.parts.base?.covered.filter((id) => view.listed.has(catalogKey(id))) ?? [];
  return [...before, ...joined.map(({ id }) => id)];
}

/** One catalog that says all that these say, each thing once. */
function joinCatalogs(
  catalogs: readonly NamedCatalog[],
  by: { format: StoreFormat; created: string; base: number },
): Catalog {
  const all = catalogs.map(({ catalog }) => catalog);
  return {
    store: by.format.store,
    project: '',
    created: by.created,
    base: by.base,
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
