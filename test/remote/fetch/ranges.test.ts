import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { contentIdOf } from '../../../src/base/content-id.js';
import { MemoryRemote } from '../../../src/remote/backends/memory.js';
import {
  joinRanges,
  MAX_GAP_BYTES,
  MAX_RANGE_BYTES,
  planPackRead,
} from '../../../src/remote/fetch/range-plan.js';
import { encodePackEntry, PackTable } from '../../../src/store/pack-format.js';
import type { RepoPath } from '../../../src/base/paths.js';
import { pathPattern } from '../../../src/tracking/path-pattern.js';
import { Machine, randomFiles, type Folder } from '../rig.js';
import fc from '../../rig/fast-check.js';

function tableOf(lengths: readonly number[]): PackTable {
  const raw = Buffer.alloc(lengths.length * 40);
  lengths.forEach((length, index) => {
    encodePackEntry(raw, index * 40, { id: contentIdOf(String(index)), kind: 'blob', length });
  });
  return PackTable.decode(raw, contentIdOf('pack'));
}

describe('ranges of a pack', () => {
  it('cover every wanted object once, in order, with small gaps only, and not beyond what is held in memory', () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 300_000 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(lengths, fc.infiniteStream(fc.boolean()), (sizes, coin) => {
        const table = tableOf(sizes);
        const wanted = sizes.map((_, index) => index).filter(() => coin.next().value === true);
        const ranges = joinRanges(table, wanted.toReversed());
        expect(ranges.flatMap(({ indexes }) => indexes)).toEqual(wanted);
        ranges.forEach((range, number) => {
          expect(range.end - range.start).toBeLessThanOrEqual(MAX_RANGE_BYTES);
          expect(range.start).toBe(table.offsetAt(range.indexes[0]!));
          const last = range.indexes.at(-1)!;
          expect(range.end).toBe(table.offsetAt(last) + table.lengthAt(last));
          const before = ranges[number - 1];
          if (before) expect(range.start).toBeGreaterThanOrEqual(before.end);
          range.indexes.forEach((index, at) => {
            const previous = range.indexes[at - 1];
            if (previous === undefined) return;
            const gap = table.offsetAt(index) - table.offsetAt(previous) - table.lengthAt(previous);
            expect(gap).toBeLessThanOrEqual(MAX_GAP_BYTES);
          });
        });
      }),
    );
  });

  it('give way to the whole pack where they pass half of it', () => {
    const table = tableOf([100, 100, 100, 100]);
    expect(planPackRead(table, [0, 1, 2, 3])).toEqual({ whole: true });
    const large = tableOf([1_000_000, 1_000_000, 1_000_000]);
    expect(planPackRead(large, [1])).toMatchObject({ whole: false });
  });
});

describe('a partial fetch', () => {
  it('of one folder in fifty moves at most 5 % of the bytes, in few requests', async () => {
    const objects = new Map<string, Buffer>();
    const [here, there] = [new Machine(), new Machine()];
    const folder: Folder = Object.fromEntries(
      Array.from({ length: 50 }, (_, index) => [`part-${index}`, randomFiles(120, 3000)]),
    );
    const id = here.add(folder);
    await here.push(new MemoryRemote('memory', objects), [id]);
    const remote = new MemoryRemote('memory', objects);
    await there.fetch(remote, [{ id, kind: 'tree', name: 'data', below: 'part-17' }]);
    expect(remote.traffic.receivedBytes).toBeLessThan(50 * 120 * 3000 * 0.05);
    expect(remote.traffic.requests).toBeLessThanOrEqual(8);
    for (const content of Object.values(folder['part-17'] as Record<string, Buffer>)) {
      expect(there.store.read('blob', contentIdOf(content)).equals(content)).toBe(true);
    }
    expect(there.store.packs().reduce((sum, table) => sum + table.size, 0)).toBeLessThan(120 * 3000 * 1.5);
  });

  it('of what a pattern means moves no more than of a folder, and nothing else', async () => {
    const objects = new Map<string, Buffer>();
    const [here, there] = [new Machine(), new Machine()];
    const names = Array.from({ length: 50 }, (_, index) => `part-${index}`);
    const folder = Object.fromEntries(names.map((name) => [name, randomFiles(120, 3000)]));
    const id = here.add({ data: folder, other: randomFiles(10, 3000) });
    await here.push(new MemoryRemote('memory', objects), [id]);
    const remote = new MemoryRemote('memory', objects);
    const below = pathPattern('data/part-*/file-00001[1-4]' as RepoPath);
    await there.fetch(remote, [{ id, kind: 'tree', name: 'all', below }]);
    expect(remote.traffic.requests).toBeLessThanOrEqual(60);
    const wanted = names.flatMap((name) =>
      [1, 2, 3, 4].map((n) => folder[name]![`file-00001${n}`] as Buffer),
    );
    expect(wanted.every((bytes) => there.store.has('blob', contentIdOf(bytes)))).toBe(true);
    const blobs = there.store
      .packs()
      .flatMap((table) => [...table.entries()].filter((e) => e.kind === 'blob'));
    expect(blobs).toHaveLength(wanted.length);
  });

  it('of one file brings that file', async () => {
    const objects = new Map<string, Buffer>();
    const [here, there] = [new Machine(), new Machine()];
    const wanted = randomBytes(500);
    const id = here.add({ a: { b: { wanted, other: randomBytes(500_000) } } });
    await here.push(new MemoryRemote('memory', objects), [id]);
    await there.fetch(new MemoryRemote('memory', objects), [
      { id, kind: 'tree', name: 'data', below: 'a/b/wanted' },
    ]);
    expect(there.store.read('blob', contentIdOf(wanted)).equals(wanted)).toBe(true);
  });

  it('of a path that is not there says so', async () => {
    const objects = new Map<string, Buffer>();
    const [here, there] = [new Machine(), new Machine()];
    const id = here.add(randomFiles(3, 10));
    await here.push(new MemoryRemote('memory', objects), [id]);
    const root = { id, kind: 'tree' as const, name: 'data', below: 'nothing/here' };
    await expect(there.fetch(new MemoryRemote('memory', objects), [root])).rejects.toMatchObject({
      code: 'path-not-tracked',
      exitCode: 2,
    });
  });

  it('brings many packs, large objects and all levels of a large folder', async () => {
    const objects = new Map<string, Buffer>();
    const [here, there] = [new Machine(), new Machine()];
    const id = here.add({
      flat: randomFiles(6000, 20),
      large: randomFiles(3, 1_100_000),
      mid: randomFiles(30, 600_000),
    });
    await here.push(new MemoryRemote('memory', objects), [id]);
    await there.fetch(new MemoryRemote('memory', objects), [id]);
    expect(there.files(id)).toEqual(here.files(id));
    expect(there.files(id).size).toBe(6033);
  });
});
