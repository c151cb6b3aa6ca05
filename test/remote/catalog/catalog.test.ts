import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { contentIdOf } from '../../../src/base/content-id.js';
import { decodeBase, encodeBase, NO_COLLECTION } from '../../../src/remote/catalog/base-chain.js';
import { decodeCatalog, encodeCatalog, type Catalog } from '../../../src/remote/catalog/catalog.js';
import { encodePackEntry, PackTable } from '../../../src/store/pack-format.js';
import type { ObjectKind } from '../../../src/store/format.js';
import fc, { runs } from '../../rig/fast-check.js';

const id = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => contentIdOf(bytes));
const kind = fc.constantFrom<ObjectKind>('blob', 'tree', 'run', 'listing');
const table = fc
  .tuple(id, fc.array(fc.record({ id, kind, length: fc.nat(1_000_000) }), { maxLength: 20 }))
  .map(([packId, entries]) => {
    const raw = Buffer.alloc(entries.length * 40);
    entries.forEach((entry, index) => {
      encodePackEntry(raw, index * 40, entry);
    });
    return PackTable.decode(raw, packId);
  });
const catalogs = fc.record({
  store: fc.uuid(),
  project: fc.string(),
  created: fc.constant('2026-01-02T03:04:05.678Z'),
  base: fc.nat(),
  roots: fc.array(
    fc.record({ id, kind, project: fc.string(), created: fc.constant('2026-01-02T03:04:05.678Z') }),
    {
      maxLength: 4,
    },
  ),
  packs: fc.array(table, { maxLength: 4 }),
  objects: fc.uniqueArray(fc.record({ id, size: fc.nat() }), {
    maxLength: 5,
    selector: (object) => object.id,
  }),
  runs: fc.uniqueArray(fc.record({ key: id, record: id }), { maxLength: 5, selector: (run) => run.record }),
});

describe('a catalog', () => {
  it('is read back as it was written, and equal contents give equal bytes', () => {
    fc.assert(
      fc.property(catalogs, (catalog) => {
        const { id: name, bytes } = encodeCatalog(catalog);
        const back = decodeCatalog(bytes, name, 'test');
        expect(plain(back)).toEqual(plain(catalog));
        expect(encodeCatalog(back).id).toBe(name);
      }),
    );
  });

  it('is refused after any flipped bit, by its own name or by a name of the changed bytes', () => {
    const { id: name, bytes } = encodeCatalog(sample());
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(7), (at, bit) => {
        const damaged = Buffer.from(bytes);
        damaged[at]! ^= 1 << bit;
        expect(() => decodeCatalog(damaged, name, 'test')).toThrow(
          expect.objectContaining({ code: 'catalog-damaged' }),
        );
      }),
      { numRuns: runs(500) },
    );
  });

  it('is refused when it is cut anywhere, and when bytes follow it', () => {
    const { id: name, bytes } = encodeCatalog(sample());
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => decodeCatalog(bytes.subarray(0, length), name, 'test')).toThrow(
        expect.objectContaining({ code: 'catalog-damaged' }),
      );
    }
    expect(() => decodeCatalog(Buffer.concat([bytes, Buffer.alloc(1)]), name, 'test')).toThrow();
  });

  it('never believes a count: with a right checksum, parts that do not fill it exactly are refused', () => {
    for (const change of [
      { objects: 3 },
      { runs: 1_000_000_000 },
      { packs: [] },
      { base: -1 },
      { store: 4 },
    ]) {
      expect(() => rewritten(change)).toThrow(expect.objectContaining({ code: 'catalog-damaged' }));
    }
  });

  it('with an unknown key or version is refused, not guessed', () => {
    expect(() => rewritten({ compressed: true })).toThrow(
      expect.objectContaining({ code: 'catalog-unknown' }),
    );
    const { bytes } = encodeCatalog(sample());
    bytes[4] = 2;
    expect(() => signed(bytes)).toThrow(expect.objectContaining({ code: 'catalog-unknown', exitCode: 2 }));
  });
});

describe('a base', () => {
  it('is read back as it was written', () => {
    const base = {
      n: 12,
      created: '2026-01-02T03:04:05.678Z',
      parts: [contentIdOf('a')],
      covered: [contentIdOf('b'), contentIdOf('c')],
      condemned: [{ key: 'packs/x.pack', deleteAfter: '2026-01-09T00:00:00.000Z' }],
      collection: {
        ...{ collected: 12, leaving: [contentIdOf('d')], incomplete: true },
        deleted: [{ key: 'packs/y.pack', until: '2026-01-03T00:00:00.000Z' }],
      },
    };
    expect(decodeBase(encodeBase(base), 12, 'test')).toEqual(base);
    expect(() => decodeBase(encodeBase(base), 13, 'test')).toThrow(
      expect.objectContaining({ code: 'base-damaged' }),
    );
  });

  it('that is cut or has unknown keys is refused', () => {
    const empty = { parts: [], covered: [], condemned: [], collection: NO_COLLECTION };
    const bytes = encodeBase({ n: 1, created: 'x', ...empty });
    expect(decodeBase(bytes, 1, 'test')).toEqual({ n: 1, created: 'x', ...empty });
    expect(() => decodeBase(bytes.subarray(0, -1), 1, 'test')).toThrow(
      expect.objectContaining({ code: 'base-damaged' }),
    );
    const odd = Buffer.from(bytes.toString().replace('{', '{"zip":1,'));
    expect(() => decodeBase(odd, 1, 'test')).toThrow(expect.objectContaining({ code: 'base-unknown' }));
  });
});

function sample(): Catalog {
  const raw = Buffer.alloc(80);
  encodePackEntry(raw, 0, { id: contentIdOf('a'), kind: 'blob', length: 5 });
  encodePackEntry(raw, 40, { id: contentIdOf('b'), kind: 'tree', length: 70 });
  return {
    store: '5a0a5b8e-4f4b-4c0f-9f4e-0a6f5f1d2c3b',
    project: 'plates',
    created: '2026-01-02T03:04:05.678Z',
    base: 0,
    roots: [{ id: contentIdOf('b'), kind: 'tree', project: 'plates', created: '2026-01-02T03:04:05.678Z' }],
    packs: [PackTable.decode(raw, contentIdOf(randomBytes(8)))],
    objects: [{ id: contentIdOf('big'), size: 5_000_000_000 }],
    runs: [{ key: contentIdOf('k'), record: contentIdOf('r') }],
  };
}

/** Decodes a catalog whose head was changed and whose checksum is right again. */
function rewritten(change: object): Catalog {
  const { bytes } = encodeCatalog(sample());
  const end = 32 + bytes.readUInt32LE(8);
  const head = JSON.parse(bytes.toString('utf8', 32, end)) as object;
  const json = Buffer.from(JSON.stringify({ ...head, ...change }));
  const header = Buffer.from(bytes.subarray(0, 32));
  header.writeUInt32LE(json.length, 8);
  return signed(Buffer.concat([header, json, bytes.subarray(end)]));
}

/** Decodes these bytes under a checksum that fits them. */
function signed(bytes: Buffer): Catalog {
  const before = bytes.subarray(0, -32);
  const name = contentIdOf(before);
  return decodeCatalog(Buffer.concat([before, Buffer.from(name, 'hex')]), name, 'test');
}

function plain(catalog: Catalog): unknown {
  return {
    ...catalog,
    packs: catalog.packs.map((pack) => [pack.packId, pack.size, pack.raw.toString('hex')]),
    objects: [...catalog.objects].sort((a, b) => (a.id < b.id ? -1 : 1)),
    runs: catalog.runs.map(({ key, record }) => key + record).sort(),
  };
}
