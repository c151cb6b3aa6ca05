import { describe, expect, it } from 'vitest';
import { contentIdOf, type ContentId } from '../../src/base/content-id.js';
import { KIND_CODES, type ObjectKind } from '../../src/store/format.js';
import { ObjectIndex } from '../../src/store/object-index.js';
import { encodePackEntry, PACK_ENTRY_BYTES, PackTable } from '../../src/store/pack-format.js';
import fc from '../rig/fast-check.js';

interface Entry {
  kind: ObjectKind;
  name: number;
}

const kinds = Object.keys(KIND_CODES) as ObjectKind[];
const ids = Array.from({ length: 12 }, (_each, name) => contentIdOf(`object ${name}`));
const entry = fc.record({ kind: fc.constantFrom(...kinds), name: fc.nat(ids.length - 1) });

function tableOf(pack: number, entries: readonly Entry[]): PackTable {
  const raw = Buffer.alloc(entries.length * PACK_ENTRY_BYTES);
  for (const [index, { kind, name }] of entries.entries())
    encodePackEntry(raw, index * PACK_ENTRY_BYTES, { kind, id: ids[name]!, length: 1 });
  return PackTable.decode(raw, contentIdOf(`pack ${pack}`));
}

/** Where an object stands, as 'pack: entry'. */
function places(packs: readonly (readonly Entry[])[], kind: ObjectKind, id: ContentId): string[] {
  return packs.flatMap((entries, pack) =>
    entries.flatMap((each, index) =>
      each.kind === kind && ids[each.name] === id ? [`${contentIdOf(`pack ${pack}`)}: ${index}`] : [],
    ),
  );
}

describe('an index of packs', () => {
  it('finds the same at the first looks, which search, as at all later ones, whenever packs come', () => {
    const packs = fc.array(fc.array(entry, { maxLength: 8 }), { maxLength: 6 });
    const looks = fc.array(fc.tuple(fc.nat(6), entry), { maxLength: 40 });
    fc.assert(
      fc.property(packs, looks, (all, asked) => {
        const index = new ObjectIndex();
        let added = 0;
        for (const [more, { kind, name }] of asked) {
          for (const next of all.slice(added, added + (more > 4 ? 1 : 0))) index.add(tableOf(added++, next));
          const known = places(all.slice(0, added), kind, ids[name]!);
          const found = index.findAll(kind, ids[name]!);
          expect(found.map(({ table, index: at }) => `${table.packId}: ${at}`)).toEqual(known);
          expect(index.has(kind, ids[name]!)).toBe(known.length > 0);
        }
      }),
    );
  });

  it('finds an object that is asked for again whenever a pack came', () => {
    const packs = fc.array(fc.array(entry, { maxLength: 3 }), { maxLength: 12 });
    fc.assert(
      fc.property(packs, entry, (all, { kind, name }) => {
        const index = new ObjectIndex();
        expect(index.has(kind, ids[name]!)).toBe(false);
        for (const [number, next] of all.entries()) {
          index.add(tableOf(number, next));
          const known = places(all.slice(0, number + 1), kind, ids[name]!);
          const found = index.find(kind, ids[name]!);
          expect(found && `${found.table.packId}: ${found.index}`).toBe(known[0]);
        }
      }),
    );
  });

  it('finds each of thousands of objects, in packs that come one after the other', () => {
    const index = new ObjectIndex();
    const names = Array.from({ length: 5000 }, (_each, name) => contentIdOf(`${name}`));
    for (let from = 0; from < names.length; from += 500) {
      const raw = Buffer.alloc(500 * PACK_ENTRY_BYTES);
      for (let at = 0; at < 500; at += 1) {
        const kind = at % 5 === 0 ? 'tree' : 'blob';
        encodePackEntry(raw, at * PACK_ENTRY_BYTES, { kind, id: names[from + at]!, length: 1 });
      }
      index.add(PackTable.decode(raw, contentIdOf(`pack at ${from}`)));
      for (const [at, id] of names.entries())
        expect(index.find(at % 5 === 0 ? 'tree' : 'blob', id)?.index).toBe(
          at < from + 500 ? at % 500 : undefined,
        );
    }
  });
});
