import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { contentIdOf, type ContentId } from '../../src/base/content-id.js';
import { OcrpipeError } from '../../src/base/errors.js';
import {
  baseKey,
  decodeBase,
  encodeBase,
  NO_COLLECTION,
  type Base,
} from '../../src/remote/catalog/base-chain.js';
import { catalogOfKey } from '../../src/remote/catalog/catalog.js';
import { loadView } from '../../src/remote/catalog/load-view.js';
import { MemoryRemote } from '../../src/remote/backends/memory.js';
import { WHOLE_BYTES } from '../../src/remote/backends/remote.js';
import { Machine, randomFiles, type Folder } from './rig.js';

/** A remote place whose objects a test can look at and change. */
class Place {
  readonly objects = new Map<string, Buffer>();

  open(): MemoryRemote {
    return new MemoryRemote('memory', this.objects);
  }

  keys(pattern: RegExp): string[] {
    return [...this.objects.keys()].filter((key) => pattern.test(key));
  }
}

describe('a push', () => {
  it('stops at a damaged local object and never sends it', async () => {
    const place = new Place();
    const machine = new Machine();
    const id = machine.add(randomFiles(20, 1000));
    const blobs = machine.store.packs().find((table) => table.count === 20)!;
    flipByte(machine.store.packFile(blobs.packId), 5_000);
    await expect(machine.push(place.open(), [id])).rejects.toMatchObject({ code: 'object-damaged' });
    expect(place.keys(/^packs\//)).toEqual([]);
  });

  it.each([
    ['is hashed before', 2_000_000],
    ['is hashed while it is sent', WHOLE_BYTES + 1],
  ])('stops at a damaged large object, which %s, and never names it', async (_, bytes) => {
    const place = new Place();
    const machine = new Machine();
    const big = randomBytes(bytes);
    const id = machine.add({ big });
    flipByte(machine.store.objectFile(contentIdOf(big)), 1_000_000);
    await expect(machine.push(place.open(), [id])).rejects.toMatchObject({ code: 'object-damaged' });
    expect(place.keys(/\.cat$|^objects\//)).toEqual([]);
  });

  it('names what is neither here nor there, unless the root is optional', async () => {
    const place = new Place();
    const machine = new Machine();
    const absent = { id: contentIdOf('absent'), kind: 'blob' as const, name: 'reports/test.json' };
    await expect(machine.push(place.open(), [absent])).rejects.toThrow('reports/test.json');
    const optional = { ...absent, optional: true };
    expect(await machine.push(place.open(), [optional])).toEqual({
      objects: 0,
      packs: 0,
      leftOut: [optional],
    });
  });

  it('brings everything else before it names what is nowhere, and no folder that would not be whole', async () => {
    const place = new Place();
    const machine = new Machine();
    const shared = randomBytes(2000);
    await machine.push(place.open(), [machine.add({ shared })]);
    const first = place.keys(/./);
    const other = machine.add({ inner: { whole: randomBytes(2000) } });
    const lost = machine.add({ deep: { grün: shared }, inner: { b: randomBytes(2000) } });
    await machine.push(place.open(), [other, lost]);
    for (const key of first.filter((name) => name.endsWith('.pack'))) place.objects.delete(key);
    const away = new Machine();
    const roots = [lost, other].map((id, index) => ({ id, kind: 'tree' as const, name: `data/${index}` }));
    const absent = { id: contentIdOf('absent'), kind: 'blob' as const, name: 'two.txt' };
    await expect(away.fetch(place.open(), [...roots, absent])).rejects.toMatchObject({
      code: 'object-missing',
      exitCode: 1,
      message: 'the bytes of two.txt, data/0 (grün) are neither here nor on memory',
      hint: expect.stringContaining("'ocrpipe push --verify'") as string,
    });
    expect([...away.files(other).keys()]).toEqual(['inner/whole']);
    expect(away.store.has('tree', lost)).toBe(false);
    await machine.push(place.open(), [lost], { verify: true });
    await away.fetch(place.open(), [lost]);
    expect(away.files(lost).size).toBe(2);
  });

  it('sends whole packs of the store where most of them is needed, under the name they have', async () => {
    const place = new Place();
    const machine = new Machine();
    const id = machine.add(randomFiles(20, 1_000_000));
    const pushed = await machine.push(place.open(), [id]);
    expect(pushed).toEqual({ objects: 21, packs: 2 });
    const sent = place.keys(/\.pack$/).sort();
    const local = machine.store.packs().map((table) => `packs/${table.packId}.pack`);
    expect(sent).toEqual(local.sort());
  });

  it('does not send what shares a pack with it but belongs to somebody else', async () => {
    const place = new Place();
    const machine = new Machine();
    const [mine, theirs] = [randomFiles(30, 700_000), { theirs: randomFiles(2, 10_000) }];
    machine.add({ ...theirs, mine });
    const id = machine.add(mine);
    await machine.push(place.open(), [id]);
    const view = await loadView(new Machine().source(place.open()));
    const secret = contentIdOf((theirs.theirs as Record<string, Buffer>)['file-000000']!);
    expect(view.has('blob', contentIdOf((mine as Record<string, Buffer>)['file-000000']!))).toBe(true);
    expect(view.has('blob', secret)).toBe(false);
    const bytes = Buffer.concat(place.keys(/\.pack$/).map((key) => place.objects.get(key)!));
    expect(bytes.includes(Buffer.from(secret, 'hex'))).toBe(false);
  });

  it('records the root of a second project although every byte is there', async () => {
    const place = new Place();
    const machine = new Machine();
    const id = machine.add(randomFiles(5, 10));
    await machine.push(place.open(), [id], { project: 'one' });
    const remote = place.open();
    expect(await machine.push(remote, [id], { project: 'two' })).toEqual({ objects: 0, packs: 0 });
    const view = await loadView(machine.source(remote));
    expect(view.pushedAt({ id, kind: 'tree', project: 'two' })).toBeDefined();
    expect(place.keys(/\.pack$/)).toHaveLength(1);
  });

  it('goes on after an interruption without sending a pack twice', async () => {
    const place = new Place();
    const machine = new Machine();
    const id = machine.add(randomFiles(20, 1_000_000));
    await machine.push(place.open(), [id]);
    for (const key of place.keys(/\.cat$/)) place.objects.delete(key);
    const remote = place.open();
    await machine.push(remote, [id]);
    expect(remote.traffic.sentBytes).toBeLessThan(10_000);
  });

  it('sends a pack under another name where its own is taken by damaged bytes', async () => {
    const place = new Place();
    const [machine, reader] = [new Machine(), new Machine()];
    const id = machine.add(randomFiles(10, 100));
    await machine.push(place.open(), [id]);
    const [key] = place.keys(/\.pack$/);
    place.objects.set(key!, Buffer.alloc(place.objects.get(key!)!.length));
    for (const catalog of place.keys(/\.cat$/)) place.objects.delete(catalog);
    await machine.push(place.open(), [id]);
    expect(place.keys(/\.pack$/)).toHaveLength(2);
    await reader.fetch(place.open(), [id]);
    expect(reader.files(id).size).toBe(10);
  });
});

describe('a view', () => {
  it('does not count packs that are not listed or have another size, and a push heals it', async () => {
    const place = new Place();
    const machine = new Machine();
    const id = machine.add({ ...randomFiles(10, 100), inner: randomFiles(5, 50) });
    await machine.push(place.open(), [id]);
    const [key] = place.keys(/\.pack$/);
    place.objects.set(key!, place.objects.get(key!)!.subarray(1));
    const view = await loadView(machine.source(place.open()));
    expect(view.has('tree', id)).toBe(false);
    expect(view.intact).toBe(false);
    place.objects.delete(key!);
    await machine.push(place.open(), [id]);
    const reader = new Machine();
    await reader.fetch(place.open(), [id]);
    expect(reader.files(id).size).toBe(15);
  });

  /** The first base of the place, in which a collection of garbage says something of the only pack there. */
  function collected(place: Place, says: (key: string) => Partial<Base>): string {
    const [key] = place.keys(/\.pack$/);
    const created = '2026-01-01T00:00:00.000Z';
    const empty = { n: 1, created, parts: [], covered: [], condemned: [] };
    const collection = { ...NO_COLLECTION, collected: 1 };
    place.objects.set(baseKey(1), encodeBase({ ...empty, collection, ...says(key!) }));
    return key!;
  }

  it('counts what is condemned as absent for a push, which takes it back, and lets it be read', async () => {
    const place = new Place();
    const [machine, reader] = [new Machine(), new Machine()];
    const id = machine.add(randomFiles(10, 100));
    await machine.push(place.open(), [id]);
    const deleteAfter = '2026-01-01T00:00:00.000Z';
    const key = collected(place, (pack) => ({ condemned: [{ key: pack, deleteAfter }] }));
    const view = await loadView(machine.source(place.open()));
    expect([view.has('tree', id), view.keeps('tree', id)]).toEqual([true, false]);
    await reader.fetch(place.open(), [id]);
    expect(reader.files(id).size).toBe(10);
    await machine.push(place.open(), [id]);
    const after = await loadView(machine.source(place.open()));
    expect([after.isCondemned(key), after.keeps('tree', id), after.baseNumber]).toEqual([false, true, 2]);
  });

  it('counts what is deleted as absent: it is sent again under another name', async () => {
    const place = new Place();
    const machine = new Machine();
    const id = machine.add(randomFiles(10, 100));
    await machine.push(place.open(), [id]);
    const until = '2026-01-01T00:00:00.000Z';
    const key = collected(place, (pack) => ({
      collection: { ...NO_COLLECTION, collected: 1, deleted: [{ key: pack, until }] },
    }));
    await machine.push(place.open(), [id]);
    expect(place.keys(/\.pack$/)).toHaveLength(2);
    place.objects.delete(key);
    const reader = new Machine();
    await reader.fetch(place.open(), [id]);
    expect(reader.files(id).size).toBe(10);
  });

  it('refuses a damaged catalog rather than to show less than there is', async () => {
    const place = new Place();
    const machine = new Machine();
    await machine.push(place.open(), [machine.add(randomFiles(10, 100))]);
    const [key] = place.keys(/\.cat$/);
    const bytes = Buffer.from(place.objects.get(key!)!);
    bytes[40]! ^= 4;
    place.objects.set(key!, bytes);
    const load = loadView(new Machine().source(place.open()));
    await expect(load).rejects.toMatchObject({ code: 'catalog-damaged' });
    await expect(load).rejects.toThrow(key);
  });

  it('refuses a remote that a newer ocrpipe wrote', async () => {
    const place = new Place();
    const bytes = Buffer.from('{"format":2,"store":"5a0a5b8e-4f4b-4c0f-9f4e-0a6f5f1d2c3b","features":["x"]}');
    place.objects.set('format.json', bytes);
    const machine = new Machine();
    const id = machine.add(randomFiles(1, 10));
    await expect(machine.push(place.open(), [id])).rejects.toMatchObject({
      code: 'store-format-unknown',
      exitCode: 2,
    });
    expect([...place.objects.keys()]).toEqual(['format.json']);
  });
});

describe('a remote that lost or damaged something', () => {
  /** A pushed directory with a large file in it. */
  async function pushed(): Promise<{ place: Place; machine: Machine; id: ContentId; key: string }> {
    const place = new Place();
    const machine = new Machine();
    const id = machine.add({ ...randomFiles(5, 100), big: randomBytes(1_200_000) });
    await machine.push(place.open(), [id]);
    return { place, machine, id, key: place.keys(/^objects\//)[0]! };
  }

  it('gets a large object again that is gone or has another size, in one request more than before', async () => {
    const { place, machine, id, key } = await pushed();
    const sound = place.objects.get(key)!;
    const quiet = place.open();
    expect(await machine.push(quiet, [id])).toEqual({ objects: 0, packs: 0 });
    expect(quiet.traffic.requests).toBe(2);
    for (const wrong of [undefined, sound.subarray(1), Buffer.alloc(0)]) {
      if (wrong) place.objects.set(key, wrong);
      else place.objects.delete(key);
      expect(await machine.push(place.open(), [id])).toEqual({ objects: 1, packs: 0 });
      expect(sound.equals(place.objects.get(key)!)).toBe(true);
    }
    const reader = new Machine();
    await reader.fetch(place.open(), [id]);
    expect(reader.files(id)).toEqual(machine.files(id));
  });

  it('still takes data that has nothing to do with what is gone', async () => {
    const { place, machine, key } = await pushed();
    place.objects.delete(key);
    const other = machine.add(randomFiles(2, 50));
    expect((await machine.push(place.open(), [other])).packs).toBe(1);
    expect(place.objects.has(key)).toBe(false);
  });

  it('is healed by a push that verifies it: large objects and packs with wrong bytes of the right size', async () => {
    const { place, machine, id, key } = await pushed();
    const [pack] = place.keys(/\.pack$/);
    const sound = new Map(place.objects);
    for (const [damaged, at] of [
      [key, 600_000],
      [pack!, 40],
    ] as const) {
      const bytes = Buffer.from(place.objects.get(damaged)!);
      bytes[at]! ^= 1;
      place.objects.set(damaged, bytes);
    }
    expect(await machine.push(place.open(), [id])).toEqual({ objects: 0, packs: 0 });
    const refused = new Machine().fetch(place.open(), [id]);
    await expect(refused).rejects.toMatchObject({
      code: 'object-damaged',
      hint: expect.stringContaining('ocrpipe push --verify') as unknown,
    });
    expect(await machine.push(place.open(), [id], { verify: true })).toMatchObject({ packs: 1 });
    // Each in its place, so that no check names it any more.
    for (const healed of [key, pack!]) expect(place.objects.get(healed)).toEqual(sound.get(healed));
    expect(place.keys(/\.pack$/)).toEqual([pack]);
    const reader = new Machine();
    await reader.fetch(place.open(), [id]);
    expect(reader.files(id)).toEqual(machine.files(id));
    expect(await machine.push(place.open(), [id])).toEqual({ objects: 0, packs: 0 });
  });

  it('is sent in another pack where nothing there may be replaced', async () => {
    const { place, machine, id } = await pushed();
    const [pack] = place.keys(/\.pack$/);
    place.objects.set(pack!, Buffer.alloc(place.objects.get(pack!)!.length));
    const remote = place.open();
    const put = remote.put.bind(remote);
    remote.put = (name, body, options) =>
      options.ifNoneMatch === true
        ? put(name, body, options)
        : Promise.reject(new OcrpipeError('remote-denied', 'no'));
    expect(await machine.push(remote, [id], { verify: true })).toMatchObject({ packs: 1 });
    const reader = new Machine();
    await reader.fetch(place.open(), [id]);
    expect(reader.files(id)).toEqual(machine.files(id));
  });

  it('is told apart from one that is sound: a push that verifies it sends nothing', async () => {
    const { place, machine, id } = await pushed();
    expect(await machine.push(place.open(), [id], { verify: true })).toEqual({ objects: 0, packs: 0 });
  });

  it('is reported with a command that heals it where a file is gone', async () => {
    const { place, machine, id, key } = await pushed();
    place.objects.delete(key);
    await expect(new Machine().fetch(place.open(), [id])).rejects.toMatchObject({
      code: 'object-missing',
      hint: expect.stringContaining('ocrpipe push --verify') as unknown,
    });
    await machine.push(place.open(), [id], { verify: true });
    const reader = new Machine();
    await reader.fetch(place.open(), [id]);
    expect(reader.files(id)).toEqual(machine.files(id));
  });

  it('gets a damaged catalog anew once that was deleted, as its error says', async () => {
    const { place, machine, id } = await pushed();
    const [catalog] = place.keys(/\.cat$/);
    const bytes = Buffer.from(place.objects.get(catalog!)!);
    bytes[40]! ^= 4;
    place.objects.set(catalog!, bytes);
    await expect(new Machine().fetch(place.open(), [id])).rejects.toMatchObject({ code: 'catalog-damaged' });
    place.objects.delete(catalog!);
    const remote = place.open();
    await machine.push(remote, [id]);
    expect(remote.traffic.sentBytes).toBeLessThan(1_300_000);
    const reader = new Machine();
    await reader.fetch(place.open(), [id]);
    expect(reader.files(id)).toEqual(machine.files(id));
  });
});

describe('a fetch', () => {
  it('reads the nodes of many large folders in a few requests', async () => {
    const place = new Place();
    const [here, there] = [new Machine(), new Machine()];
    const content = Buffer.from('the same in every file');
    const folder = (name: string): Folder =>
      Object.fromEntries(Array.from({ length: 2500 }, (_, file) => [`${name}-${file}-of-many`, content]));
    const names = Array.from({ length: 12 }, (_, index) => `folder-${index}`);
    const id = here.add(Object.fromEntries(names.map((name) => [name, folder(name)])));
    await here.push(place.open(), [id]);
    const remote = place.open();
    await there.fetch(remote, [id]);
    expect(there.files(id).size).toBe(12 * 2500);
    expect(remote.traffic.requests).toBeLessThan(10);
  });

  it('gets again what the store has damaged: nodes at once, files as soon as that is known', async () => {
    const place = new Place();
    const machine = new Machine();
    const big = randomBytes(1_200_000);
    const id = machine.add({ ...randomFiles(30, 100), big, inner: randomFiles(3, 10) });
    const before = machine.files(id);
    await machine.push(place.open(), [id]);
    const nodes = machine.store.packs().find((table) => table.kindAt(0) === 'tree')!;
    flipByte(machine.store.packFile(nodes.packId), nodes.offsetAt(0) + 20);
    await machine.fetch(place.open(), [id]);
    expect(machine.files(id)).toEqual(before);

    const file = machine.store.objectFile(contentIdOf(big));
    flipByte(file, 5);
    expect(() => machine.files(id)).toThrow(expect.objectContaining({ code: 'object-damaged' }));
    await machine.fetch(place.open(), [id]);
    expect(machine.files(id)).toEqual(before);

    chmodSync(file, 0o644);
    truncateSync(file, 1_100_000);
    await machine.fetch(place.open(), [id]);
    expect(machine.files(id)).toEqual(before);
  });
});

describe('many pushes', () => {
  it('end in a base that joins their catalogs and drops nothing', async () => {
    const place = new Place();
    const machine = new Machine();
    const folder: Folder = {};
    const ids: ContentId[] = [];
    for (let push = 0; push < 70; push += 1) {
      folder[`file-${push}`] = randomBytes(50);
      const id = machine.add(folder);
      ids.push(id);
      await machine.push(place.open(), [id]);
    }
    const base = decodeBase(place.objects.get(baseKey(1))!, 1, 'test');
    expect(base.parts).toHaveLength(1);
    expect(base.covered.length).toBeGreaterThan(64);
    for (const id of base.covered) place.objects.delete(`packs/${id}.cat`);
    const newcomer = new Machine();
    const remote = place.open();
    await newcomer.fetch(remote, ids);
    expect(newcomer.files(ids[0]!).size).toBe(1);
    expect(newcomer.files(ids[69]!).size).toBe(70);
    const view = await loadView(newcomer.source(remote));
    expect(ids.map((id) => view.pushedAt({ id, kind: 'tree', project: 'test' }))).not.toContain(undefined);
    expect(view.parts.loose.length).toBeLessThan(10);
  });

  it('at once write each base once', async () => {
    const place = new Place();
    const machines = Array.from({ length: 4 }, () => new Machine());
    const all: ContentId[] = [];
    await Promise.all(
      machines.map(async (machine) => {
        for (let push = 0; push < 19; push += 1) {
          const id = machine.add(randomFiles(2, 30));
          all.push(id);
          await machine.push(place.open(), [id]);
        }
      }),
    );
    expect(place.keys(/base-/).length).toBeGreaterThan(0);
    const reader = new Machine();
    await reader.fetch(place.open(), all);
    expect(all.every((id) => reader.files(id).size === 2)).toBe(true);
    const catalogs = place.keys(/\.cat$/).map((key) => catalogOfKey(key));
    expect(catalogs.every((id) => id !== undefined)).toBe(true);
  });
});

function flipByte(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at]! ^= 1;
  chmodSync(file, 0o644);
  writeFileSync(file, bytes);
}
