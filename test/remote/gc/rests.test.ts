import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { loadView } from '../../../src/remote/catalog/load-view.js';
import { objectKey } from '../../../src/store/format.js';
import { contentIdOf } from '../../../src/base/content-id.js';
import { Machine, randomFiles } from '../rig.js';
import { collect, DATA, GRACE, HOUR_MS } from './collecting.js';
import { Place } from './place.js';

/** A tree with a large file that was deleted just now: base n says so, and that its names rest for a day. */
async function justDeleted() {
  const place = new Place();
  const machine = new Machine();
  const large = randomBytes(1_100_000);
  const old = machine.add({ ...randomFiles(3, 500), large });
  const small = machine.add(randomFiles(3, 400));
  for (const id of [old, small]) await machine.push(place.open(), [id], { project: 'ours' });
  place.nowMs += HOUR_MS;
  const files = new Map(place.keys(DATA).map((key) => [key, place.objects.get(key)!]));
  await collect(machine, place.open(), [small], { graceMs: 0 });
  await collect(machine, place.open(), [small], { graceMs: 0 });
  const left = new Set(place.keys(DATA));
  const deleted = new Map([...files].filter(([key]) => !left.has(key)));
  expect(deleted.size).toBe(2);
  return { place, machine, old, small, deleted, largeKey: objectKey(contentIdOf(large)) };
}

/** Another collection that has something to do: what it writes is the highest base then. */
async function collectMore({ place, machine, small }: Awaited<ReturnType<typeof justDeleted>>) {
  await machine.push(place.open(), [machine.add(randomFiles(2, 300))], { project: 'ours' });
  place.nowMs += 1000;
  expect(await collect(machine, place.open(), [small], GRACE)).toMatchObject({ condemned: { files: 1 } });
}

describe('the name of something that a collection deleted', () => {
  it('rests for a day, whoever collects meanwhile, and no longer', async () => {
    const remote = await justDeleted();
    const { place, machine, deleted, old, largeKey } = remote;
    const untilOf = async () => {
      const view = await loadView(machine.source(place.open()));
      return [...deleted.keys()].map((key) => view.deletedUntil(key));
    };
    const until = new Date(place.nowMs + 24 * HOUR_MS).toISOString();
    expect(await untilOf()).toEqual([until, until]);
    place.nowMs += 23 * HOUR_MS;
    await collectMore(remote);
    expect(await untilOf()).toEqual([until, until]);
    await expect(machine.push(place.open(), [old])).rejects.toMatchObject({ code: 'remote-collecting' });
    expect(place.objects.has(largeKey)).toBe(false);
    place.nowMs += 2 * HOUR_MS;
    await collectMore(remote);
    expect(await untilOf()).toEqual([undefined, undefined]);
    await machine.push(place.open(), [old]);
    const reader = new Machine();
    await reader.fetch(place.open(), [old]);
    expect(reader.files(old)).toEqual(machine.files(old));
  });

  it('is no name for a pack that is sent again meanwhile', async () => {
    const { place, machine, deleted } = await justDeleted();
    const files = randomFiles(3, 700);
    const id = machine.add(files);
    await machine.push(place.open(), [id], { project: 'ours' });
    place.nowMs += HOUR_MS;
    const before = place.keys(DATA);
    await collect(machine, place.open(), [], { graceMs: 0, project: 'ours' });
    await collect(machine, place.open(), [], { graceMs: 0, project: 'ours' });
    const gone = before.filter((key) => !place.objects.has(key) && !deleted.has(key));
    await machine.push(place.open(), [id], { project: 'ours' });
    expect(gone.length).toBeGreaterThan(0);
    for (const key of gone) expect(place.objects.has(key)).toBe(false);
    const reader = new Machine();
    await reader.fetch(place.open(), [id]);
    expect(reader.files(id).size).toBe(3);
  });

  it('is deleted again where it comes back within half a day, and then no more', async () => {
    const remote = await justDeleted();
    const { place, machine, small, deleted } = remote;
    const comeBack = () => {
      for (const [key, bytes] of deleted) place.objects.set(key, bytes);
    };
    const areThere = () => [...deleted.keys()].filter((key) => place.objects.has(key)).length;
    comeBack();
    place.nowMs += 11 * HOUR_MS;
    await collect(machine, place.open(), [small], GRACE);
    expect(areThere()).toBe(0);
    comeBack();
    place.nowMs += 2 * HOUR_MS;
    await collect(machine, place.open(), [small], GRACE);
    // A request to delete it could arrive when its name is used again.
    expect(areThere()).toBe(2);
    const view = await loadView(machine.source(place.open()));
    for (const key of deleted.keys()) expect(view.isCondemned(key)).toBe(false);
    place.nowMs += 12 * HOUR_MS;
    expect(await collect(machine, place.open(), [small], GRACE)).toMatchObject({ condemned: { files: 2 } });
    place.nowMs += 8 * 24 * HOUR_MS;
    await collect(machine, place.open(), [small], GRACE);
    expect(areThere()).toBe(0);
  });

  it('is not freed by a push before its time, be it that it takes back something else', async () => {
    const remote = await justDeleted();
    const { place, machine, small, largeKey } = remote;
    const other = machine.add({ other: randomBytes(1_200_000) });
    await machine.push(place.open(), [other], { project: 'ours' });
    place.nowMs += 1000;
    await collect(machine, place.open(), [small], GRACE);
    await machine.push(place.open(), [other], { project: 'theirs' });
    const view = await loadView(machine.source(place.open()));
    expect(view.deletedUntil(largeKey)).toBeDefined();
    expect(view.isCondemned(largeKey)).toBe(false);
  });
});
