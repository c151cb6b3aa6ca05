import { OcrpipeError } from '../../base/errors.js';
import { objectKey, packKey } from '../../store/format.js';
import { decodeBase, type Base } from './base-chain.js';
import { catalogKey, decodeCatalog, type Catalog } from './catalog.js';
import { cachedFormat } from './remote-format.js';
import type { FolderViewCache } from './view-cache.js';
import { RemoteView, type NamedCatalog } from './view.js';

/**
 * A remote as this machine last saw it, without asking it: what was there then may be gone. Undefined if nothing is
 * remembered of it.
 */
export function rememberedView(cache: FolderViewCache): RemoteView | undefined {
  const format = cachedFormat(cache);
  if (format === undefined) return undefined;
  const base = highestBase(cache);
  const covered = new Set(base?.covered);
  const catalogs = cache
    .catalogs()
    .filter((id) => !covered.has(id))
    .flatMap((id): NamedCatalog[] => {
      const bytes = cache.catalog(id);
      const catalog = bytes && soundly(() => decodeCatalog(bytes, id, catalogKey(id)));
      return catalog?.store === format.store ? [{ id, size: bytes!.length, catalog }] : [];
    });
  const listed = catalogs.flatMap(({ catalog }) => keysOf(catalog));
  return new RemoteView({ format, base, parts: [], loose: catalogs, listed, listedAtMs: 0 });
}

function highestBase(cache: FolderViewCache): Base | undefined {
  const bases = cache.notes().flatMap((name): Base[] => {
    const n = /^base-(\d+)-\d+\.json$/.exec(name)?.[1];
    const bytes = n === undefined ? undefined : cache.note(name);
    const base = bytes && soundly(() => decodeBase(bytes, Number(n), name));
    return base ? [base] : [];
  });
  return bases.sort((a, b) => a.n - b.n).at(-1);
}

function keysOf({ packs, objects }: Catalog): { key: string; size: number }[] {
  return [
    ...packs.map(({ packId, size }) => ({ key: packKey(packId), size })),
    ...objects.map(({ id, size }) => ({ key: objectKey(id), size })),
  ];
}

/** What is damaged in the cache counts as absent. */
function soundly<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (error instanceof OcrpipeError) return undefined;
    throw error;
  }
}
