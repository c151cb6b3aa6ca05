import { OcrpipeError } from '../../base/errors.js';
import type { ContentId } from '../../base/content-id.js';
import { decodeStoreFormat, FOLDERS, FORMAT_KEY, type StoreFormat } from '../../store/format.js';
import { abandon, readAll, type Listed, type Remote } from '../backends/remote.js';
import {
  baseKey,
  baseOfKey,
  decodeBase,
  encodeBase,
  MAX_BASE_BYTES,
  NO_COLLECTION,
  type Base,
} from '../catalog/base-chain.js';
import {
  catalogDamaged,
  catalogKey,
  catalogOfKey,
  decodeCatalog,
  MAX_CATALOG_BYTES,
} from '../catalog/catalog.js';
import { RemoteView, type NamedCatalog } from '../catalog/view.js';
import { inParallel } from '../../base/in-parallel.js';
import type { RemoteFinding } from './remote-finding.js';

const MAX_FORMAT_BYTES = 64 * 1024;
const CATALOGS_AT_ONCE = 8;

/** What a remote says of itself, read from it and from no cache. */
export interface ReadView {
  /** Of what is sound. */
  view: RemoteView;
  findings: RemoteFinding[];
  /** Files that were read, and their bytes. */
  files: number;
  bytes: number;
}

/**
 * Reads `format.json`, the highest base and every catalog that counts. One that is damaged is told and left out; without its base
 * every catalog counts. Throws `store-format-unknown`, `catalog-unknown` or `base-unknown` for what a newer ocrpipe wrote.
 */
export async function readWholeView(remote: Remote, signal: AbortSignal): Promise<ReadView> {
  const reading = new Reading(remote, signal);
  const listedAtMs = performance.now();
  const listed = await remote.list(`${FOLDERS.packs}/`, { signal });
  const listedObjects = await remote.list(`${FOLDERS.objects}/`, { signal });
  const format = await reading.format(listed.length > 0);
  const base = await reading.base(listed);
  const { leaving: leavingIds } = base?.collection ?? NO_COLLECTION;
  const skipped = new Set([...(base?.parts ?? []), ...(base?.covered ?? []), ...leavingIds]);
  const loose = listed
    .map(({ key }) => catalogOfKey(key))
    .filter((id) => id !== undefined && !skipped.has(id));
  const parts = await reading.catalogs(base?.parts ?? []);
  const others = await reading.catalogs(loose.filter((id) => id !== undefined).sort());
  const leaving = await reading.catalogs(leavingIds);
  reading.compareStores(format, [...parts, ...others]);
  const catalogs = { parts, loose: others, leaving };
  const view = new RemoteView({ format, base, ...catalogs, listed, listedAtMs, listedObjects });
  return { view, ...reading.result() };
}

class Reading {
  readonly #remote: Remote;
  readonly #signal: AbortSignal;
  readonly #findings: RemoteFinding[] = [];
  #files = 0;
  #bytes = 0;

  constructor(remote: Remote, signal: AbortSignal) {
    this.#remote = remote;
    this.#signal = signal;
  }

  result(): Omit<ReadView, 'view'> {
    return { findings: this.#findings, files: this.#files, bytes: this.#bytes };
  }

  async format(expected: boolean): Promise<StoreFormat | undefined> {
    const object = { kind: 'format', id: FORMAT_KEY } as const;
    if (!expected && (await this.#remote.describe(FORMAT_KEY, { signal: this.#signal })) === undefined)
      return undefined;
    return this.#read({ object, key: FORMAT_KEY, most: MAX_FORMAT_BYTES }, (bytes, where) =>
      decodeStoreFormat(bytes.toString('utf8'), where),
    );
  }

  /** A bit that flips in the name of the store leaves a name: only what the catalogs say tells. */
  compareStores(format: StoreFormat | undefined, catalogs: readonly NamedCatalog[]): void {
    if (format === undefined || catalogs.length === 0) return;
    if (catalogs.some(({ catalog }) => catalog.store === format.store)) return;
    const where = `${FORMAT_KEY} of ${this.#remote.where}`;
    const reason = `it names the store ${format.store}, and no catalog there does`;
    const object = { kind: 'format', id: FORMAT_KEY } as const;
    this.#findings.push({ object, where, reason, key: FORMAT_KEY, gone: false });
  }

  async base(listed: readonly Listed[]): Promise<Base | undefined> {
    const numbers = listed.map(({ key }) => baseOfKey(key)).filter((n) => n !== undefined);
    if (numbers.length === 0) return undefined;
    const n = numbers.reduce((a, b) => Math.max(a, b));
    const key = baseKey(n);
    return this.#read({ object: { kind: 'base', id: key }, key, most: MAX_BASE_BYTES }, (bytes, where) => {
      const base = decodeBase(bytes, n, where);
      if (encodeBase(base).equals(bytes)) return base;
      throw new OcrpipeError('base-damaged', `${where} is not as ocrpipe writes it`);
    });
  }

  async catalogs(ids: readonly ContentId[]): Promise<NamedCatalog[]> {
    const read = (id: ContentId): Promise<NamedCatalog | undefined> => {
      const key = catalogKey(id);
      return this.#read(
        { object: { kind: 'catalog', id }, key, most: MAX_CATALOG_BYTES },
        (bytes, where) => ({
          id,
          size: bytes.length,
          catalog: decodeCatalog(bytes, id, where),
        }),
      );
    };
    const found = await inParallel(ids, CATALOGS_AT_ONCE, read, this.#signal);
    return found.filter((each) => each !== undefined);
  }

  /** The decoded file; undefined, and a finding, if it is damaged or gone. */
  async #read<T>(
    { object, key, most }: { object: RemoteFinding['object']; key: string; most: number },
    decode: (bytes: Buffer, where: string) => T,
  ): Promise<T | undefined> {
    const where = `${key} of ${this.#remote.where}`;
    const note = (reason: string, gone: boolean): void => {
      this.#findings.push({ object, where, reason, key, gone });
    };
    const download = await this.#remote.get(key, { signal: this.#signal });
    if (download === undefined) {
      note('it is not there', true);
      return undefined;
    }
    try {
      if (download.total > most) {
        await abandon(download);
        throw catalogDamaged(where, `it is ${download.total} bytes long`);
      }
      const bytes = await readAll(download);
      this.#files += 1;
      this.#bytes += bytes.length;
      return decode(bytes, where);
    } catch (error) {
      // What a newer ocrpipe wrote is not damaged, and nothing can be said of it.
      if (!(error instanceof OcrpipeError) || !DAMAGED.has(error.code)) throw error;
      note(error.message, false);
      return undefined;
    }
  }
}

const DAMAGED = new Set(['store-format-damaged', 'base-damaged', 'catalog-damaged', 'pack-damaged']);
