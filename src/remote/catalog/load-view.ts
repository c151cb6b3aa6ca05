import type { ContentId } from '../../base/content-id.js';
import { OcrpipeError } from '../../base/errors.js';
import { FOLDERS, type StoreFormat } from '../../store/format.js';
import { baseKey, baseOfKey, decodeBase, MAX_BASE_BYTES, NO_COLLECTION, type Base } from './base-chain.js';
import {
  catalogDamaged,
  catalogKey,
  catalogOfKey,
  decodeCatalog,
  MAX_CATALOG_BYTES,
  type Catalog,
} from './catalog.js';
import { eachInParallel } from '../parallel.js';
import { cachedFormat, readFormat } from './remote-format.js';
import { readAll, type Listed } from '../backends/remote.js';
import type { ViewSource } from './view-source.js';
import { RemoteView, type NamedCatalog } from './view.js';

/** A collection of garbage may take catalogs away between listing and reading: then everything is listed again. */
const LISTINGS = 3;
const CATALOGS_AT_ONCE = 8;

/**
 * Looks at a remote: one listing of `packs/`, then the catalogs that are not cached. Costs one request when nothing is new.
 * Throws `catalog-damaged`, `base-damaged` or `store-format-unknown` rather than to show a part for the whole, and
 * `remote-replaced` where another store, or none, stands in the place of the one that was used before.
 */
export async function loadView(source: ViewSource): Promise<RemoteView> {
  for (let attempt = 1; ; attempt += 1) {
    const view = await tryLoadView(source);
    if (view !== undefined) return view;
    if (attempt === LISTINGS) {
      throw new OcrpipeError(
        'remote-unsteady',
        `${source.remote.where} lists catalogs that it does not have`,
        {
          hint: 'Run the command again. If it stays so, this is a copy that was not made in order (catalogs after packs, bases last): copy it once more; or its listing cannot be trusted.',
        },
      );
    }
  }
}

/** Above so many large objects the listing of them takes too many requests to be taken each time: 1,000 names cost one. */
const MOST_LISTED_OBJECTS = 2000;

/** How closely a remote is looked at. */
interface Closely {
  /** Keys that were read and found damaged or gone. */
  distrusted?: ReadonlySet<string> | undefined;
  /** Of more large objects than so many none is looked for. */
  mostListed?: number;
}

/**
 * Looks at a remote more closely, before something is left out of a push because it is there, or after a file was not: large
 * objects are compared with a listing of `objects/`. Costs nothing more where there are none, one or two requests where there
 * are up to 2,000; beyond that they are believed, unless more are asked for or it is known that something is missing.
 */
export async function loadCheckedView(
  source: ViewSource,
  { distrusted = new Set(), mostListed = MOST_LISTED_OBJECTS }: Closely = {},
): Promise<RemoteView> {
  const { parts, largeObjects } = await loadView(source);
  const isIncomplete = parts.base?.collection.incomplete === true;
  const listed = largeObjects > 0 && (largeObjects <= mostListed || isIncomplete);
  const { remote, signal } = source;
  const listedObjects = listed ? await remote.list(`${FOLDERS.objects}/`, { signal }) : undefined;
  return new RemoteView({ ...parts, distrusted, ...(listedObjects && { listedObjects }) });
}

async function tryLoadView(source: ViewSource): Promise<RemoteView | undefined> {
  const { remote, signal } = source;
  const listedAtMs = performance.now();
  const listed = await remote.list(`${FOLDERS.packs}/`, { signal });
  const sizes = new Map(listed.map(({ key, size }) => [key, size]));
  const base = await highestBase(source, listed, sizes);
  if (base === 'gone') return undefined;
  const { leaving: leavingIds } = base?.collection ?? NO_COLLECTION;
  const skipped = new Set([...(base?.parts ?? []), ...(base?.covered ?? []), ...leavingIds]);
  const all = listed.map(({ key }) => catalogOfKey(key)).filter((id) => id !== undefined);
  const looseIds = all.filter((id) => !skipped.has(id)).sort();
  const parts = await fetchCatalogs(source, base?.parts ?? [], sizes);
  const loose = await fetchCatalogs(source, looseIds, sizes);
  const leaving = await fetchCatalogs(source, leavingIds, sizes);
  if (parts === undefined || loose === undefined || leaving === undefined) return undefined;
  const format = await formatOf(source, [...parts, ...loose]);
  return new RemoteView({ format, base, parts, loose, leaving, listed, listedAtMs });
}

/** The highest base; 'gone' if it was listed and is not there. A cached one counts only while its parts are listed. */
async function highestBase(
  source: ViewSource,
  listed: readonly Listed[],
  sizes: ReadonlyMap<string, number>,
): Promise<Base | undefined | 'gone'> {
  const { remote, cache, signal } = source;
  const numbers = listed.map(({ key }) => baseOfKey(key)).filter((n) => n !== undefined);
  if (numbers.length === 0) return undefined;
  const n = numbers.reduce((a, b) => Math.max(a, b));
  const key = baseKey(n);
  const name = `base-${n}-${sizes.get(key) ?? 0}.json`;
  const where = `${key} of ${remote.where}`;
  const cached = cache.note(name);
  const known = cached && decodeBase(cached, n, where);
  if (known?.parts.every((id) => sizes.has(catalogKey(id)))) return known;
  if ((sizes.get(key) ?? 0) > MAX_BASE_BYTES) {
    throw new OcrpipeError('base-damaged', `${where} is far too large`, {
      hint: 'Restore it from a copy of the remote.',
    });
  }
  const download = await remote.get(key, { signal });
  if (download === undefined) return 'gone';
  const bytes = await readAll(download);
  const base = decodeBase(bytes, n, where);
  cache.putNote(name, bytes);
  return base;
}

/** The catalogs of these names in this order; undefined if one is no longer there. */
async function fetchCatalogs(
  source: ViewSource,
  ids: readonly ContentId[],
  sizes: ReadonlyMap<string, number>,
): Promise<NamedCatalog[] | undefined> {
  const found = new Map<ContentId, NamedCatalog>();
  await eachInParallel(ids, CATALOGS_AT_ONCE, async (id) => {
    const named = await fetchCatalog(source, id, sizes.get(catalogKey(id)));
    if (named !== undefined) found.set(id, named);
  });
  const all = ids.map((id) => found.get(id)).filter((named) => named !== undefined);
  return all.length === ids.length ? all : undefined;
}

async function fetchCatalog(
  source: ViewSource,
  id: ContentId,
  size: number | undefined,
): Promise<NamedCatalog | undefined> {
  const { remote, cache, signal } = source;
  const key = catalogKey(id);
  const cached = cache.catalog(id);
  if (cached !== undefined) {
    const catalog = decodeIfSound(cached, id, key);
    if (catalog !== undefined) return { id, size: cached.length, catalog };
  }
  const where = `${key} of ${remote.where}`;
  if (size === undefined) return undefined;
  if (size > MAX_CATALOG_BYTES) throw catalogDamaged(where, `it is ${size} bytes long`);
  const download = await remote.get(key, { signal });
  if (download === undefined) return undefined;
  if (download.size > MAX_CATALOG_BYTES) throw catalogDamaged(where, `it is ${download.size} bytes long`);
  const bytes = await readAll(download);
  const catalog = decodeCatalog(bytes, id, where);
  cache.putCatalog(id, bytes);
  return { id, size: bytes.length, catalog };
}

/** A damaged file of the cache is fetched again. */
function decodeIfSound(bytes: Buffer, id: ContentId, where: string): Catalog | undefined {
  try {
    return decodeCatalog(bytes, id, where);
  } catch (error) {
    if (error instanceof OcrpipeError) return undefined;
    throw error;
  }
}

/**
 * The format of the remote. It is asked for once: as long as every catalog was written for the store that was then seen there,
 * it is the same.
 */
async function formatOf(
  source: ViewSource,
  catalogs: readonly NamedCatalog[],
): Promise<StoreFormat | undefined> {
  const cached = cachedFormat(source.cache);
  const same = catalogs.every(({ catalog }) => catalog.store === cached?.store);
  if (cached !== undefined && catalogs.length > 0 && same) return cached;
  return readFormat(source);
}
