import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ContentId } from '../../../src/base/content-id.js';
import { objectsOf } from '../../../src/store/closure.js';
import { Machine, randomFiles } from '../rig.js';
import { collect, GRACE, HOUR_MS } from './collecting.js';
import { before, Place } from './place.js';

const PACK = /\.pack$/;

/** Files in many small packs, which a collection joins; and what each of them is in. */
async function inSmallPacks(place: Place, machine: Machine): Promise<ContentId> {
  const files = randomFiles(9, 600);
  for (const [name, content] of Object.entries(files))
    await machine.push(place.open(), [machine.add({ [name]: content })], { project: 'ours' });
  const all = machine.add({ ...files, large: randomBytes(1_100_000) });
  await machine.push(place.open(), [all], { project: 'ours' });
  place.nowMs += HOUR_MS;
  return all;
}

/** Everything that is needed is written anew, and where it was before is deleted: by two collections, eight days apart. */
function moving(place: Place, machine: Machine, kept: ContentId): () => Promise<void> {
  return async () => {
    const more = machine.add(randomFiles(8, 700));
    await machine.push(place.open(), [more], { project: 'ours' });
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'])
      await machine.push(place.open(), [machine.add({ [name]: randomBytes(50) })], { project: 'theirs' });
    await collect(new Machine(), place.open(), [kept], GRACE);
    place.nowMs += 8 * 24 * HOUR_MS;
    await collect(new Machine(), place.open(), [kept], GRACE);
  };
}

describe('a pull beside a collection of garbage', () => {
  it('looks again as often as what it reads was joined and deleted meanwhile, and gets everything', async () => {
    const place = new Place();
    const machine = new Machine();
    const kept = await inSmallPacks(place, machine);
    const reader = new Machine();
    const meanwhile = moving(place, machine, kept);
    const remote = before('get', PACK, { remote: place.open(), meanwhile, times: 3 });
    await reader.fetch(remote, [kept], { jobs: 1 });
    expect(reader.files(kept)).toEqual(machine.files(kept));
  });

  it('counts also what it got before it looked again', async () => {
    const place = new Place();
    const machine = new Machine();
    const kept = await inSmallPacks(place, machine);
    const reader = new Machine();
    const move = moving(place, machine, kept);
    let reads = 0;
    const meanwhile = () => ((reads += 1) === 6 ? move() : Promise.resolve());
    const remote = before('get', PACK, { remote: place.open(), meanwhile, times: 6 });
    const { objects, packs } = await reader.fetch(remote, [kept], { jobs: 1 });
    expect(reads).toBe(6);
    expect(reader.files(kept)).toEqual(machine.files(kept));
    const all = [...objectsOf({ reader: machine.store, id: kept })].map(({ kind, id }) => kind + id);
    expect(objects).toBe(new Set(all).size);
    expect(packs).toBeGreaterThan(5);
  });

  it('gets everything with catalogs that it remembers from before, however much was joined since', async () => {
    const place = new Place();
    const machine = new Machine();
    const kept = await inSmallPacks(place, machine);
    const reader = new Machine();
    const part = { id: kept, kind: 'tree' as const, name: 'data', below: 'file-000003' };
    await reader.fetch(place.open(), [part]);
    await moving(place, machine, kept)();
    await reader.fetch(place.open(), [kept]);
    expect(reader.files(kept)).toEqual(machine.files(kept));
  });

  it('says that what was deleted under its hands is missing, and brings everything else', async () => {
    const place = new Place();
    const machine = new Machine();
    const [gone, kept] = [
      machine.add({ ...randomFiles(3, 500), big: randomBytes(1_100_000) }),
      machine.add(randomFiles(4, 500)),
    ];
    for (const id of [gone, kept]) await machine.push(place.open(), [id], { project: 'ours' });
    place.nowMs += HOUR_MS;
    await collect(machine, place.open(), [kept], GRACE);
    place.nowMs += 8 * 24 * HOUR_MS;
    const reader = new Machine();
    const meanwhile = () => collect(new Machine(), place.open(), [kept], GRACE);
    const remote = before('get', PACK, { remote: place.open(), meanwhile });
    await expect(reader.fetch(remote, [gone, kept], { jobs: 1 })).rejects.toMatchObject({
      code: 'object-missing',
    });
    expect(reader.files(kept)).toEqual(machine.files(kept));
    expect(reader.store.has('tree', gone)).toBe(false);
  });

  it('ends in one clear error where the remote names files for ever that it does not have', async () => {
    const place = new Place();
    const machine = new Machine();
    const id = machine.add(randomFiles(3, 500));
    await machine.push(place.open(), [id]);
    const remote = place.open();
    const gone: string[] = [];
    const get = remote.get.bind(remote);
    remote.get = (key, options) => {
      if (!PACK.test(key)) return get(key, options);
      gone.push(key);
      return Promise.resolve(undefined);
    };
    const refused = { code: 'remote-file-gone', hint: expect.stringContaining('push --verify') as string };
    await expect(new Machine().fetch(remote, [id])).rejects.toMatchObject(refused);
    expect(gone.length).toBeLessThan(10);
  });
});
