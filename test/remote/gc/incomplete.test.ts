import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { noEvents } from '../../../src/base/events.js';
import { checkRemote } from '../../../src/remote/fsck/check-remote.js';
import { contentIdOf } from '../../../src/base/content-id.js';
import { loadCheckedView, loadView } from '../../../src/remote/catalog/load-view.js';
import { writeNextBase } from '../../../src/remote/catalog/write-base.js';
import { objectKey } from '../../../src/store/format.js';
import { Machine, randomFiles, type Folder } from '../rig.js';
import { collect, GRACE, HOUR_MS } from './collecting.js';
import { Place } from './place.js';

/** A remote that lost a large file of a tree, as the collection noticed that then collected something else. */
async function withHole() {
  const place = new Place();
  const machine = new Machine();
  const large = randomBytes(1_100_000);
  const sub: Folder = { ...randomFiles(2, 300), large };
  const whole = machine.add({ sub, top: randomBytes(50) });
  const garbage = machine.add(randomFiles(4, 500));
  await machine.push(place.open(), [whole], { project: 'theirs' });
  await machine.push(place.open(), [garbage], { project: 'ours' });
  place.nowMs += HOUR_MS;
  place.objects.delete(objectKey(contentIdOf(large)));
  expect(await collect(new Machine(), place.open(), [], GRACE)).toMatchObject({ lost: 1 });
  return { place, machine, sub, whole, large };
}

describe('a collection that finds something missing below a tree', () => {
  it('goes on naming it, so that a check tells of it and a push sends it that does not list so many objects', async () => {
    const { place, machine, large, whole } = await withHole();
    const key = objectKey(contentIdOf(large));
    const { signal } = new AbortController();
    const check = () =>
      checkRemote({
        remote: place.open(),
        ...{ store: new Machine().store, jobs: 2, events: noEvents, signal },
      });
    expect((await check()).findings).toMatchObject([{ key, gone: true }]);
    const source = new Machine().source(place.open());
    const view = await loadCheckedView(source, { mostListed: 0 });
    expect(view.has('blob', contentIdOf(large))).toBe(false);
    await machine.push(place.open(), [whole], { project: 'theirs' });
    expect((await check()).findings).toEqual([]);
    const reader = new Machine();
    await reader.fetch(place.open(), [whole]);
    expect(reader.files(whole).size).toBe(4);
  });

  it('says so, so that a push sends what lies below that tree', async () => {
    const { place, sub } = await withHole();
    const view = await loadView(new Machine().source(place.open()));
    expect(view.parts.base?.collection.incomplete).toBe(true);
    expect(view.intact).toBe(false);
    const other = new Machine();
    const id = other.add({ sub, own: randomBytes(80) });
    await other.push(place.open(), [id], { project: 'others' });
    const reader = new Machine();
    await reader.fetch(place.open(), [id]);
    expect(reader.files(id).size).toBe(4);
  });

  it('says so also in the bases that others write after it, until one has found nothing missing', async () => {
    const { place, machine, whole } = await withHole();
    const source = machine.source(place.open());
    await machine.push(place.open(), [machine.add(randomFiles(1, 100))], { project: 'ours' });
    await writeNextBase(source, (await loadView(source)).parts.format!);
    const view = await loadView(source);
    expect(view.parts.base).toMatchObject({ n: 2, collection: { incomplete: true, collected: 1 } });
    await machine.push(place.open(), [whole], { project: 'theirs' });
    place.nowMs += 8 * 24 * HOUR_MS;
    expect(await collect(machine, place.open(), [], GRACE)).toMatchObject({ lost: 0 });
    expect((await loadView(source)).parts.base?.collection.incomplete).toBe(false);
  });

  it('is not stopped by a directory that is missing where it is known that something is', async () => {
    const { place } = await withHole();
    const view = await loadView(new Machine().source(place.open()));
    for (const { packId } of view.packs) place.objects.delete(`packs/${packId}.pack`);
    const remote = place.open();
    expect(await collect(new Machine(), remote, [], GRACE)).toMatchObject({ deleted: { files: 0 } });
  });

  it('goes on naming a pack that is gone, so that a check tells of it and a push that verifies sends what was in it', async () => {
    const place = new Place();
    const machine = new Machine();
    const whole = machine.add({ sub: randomFiles(2, 300) });
    await machine.push(place.open(), [machine.add({ sub: randomFiles(1, 40_000) })], { project: 'ours' });
    place.nowMs += HOUR_MS;
    await machine.push(place.open(), [whole], { project: 'theirs' });
    const before = new Set(place.keys(/pack$/));
    const more = machine.add({ ...randomFiles(2, 200), sub: randomFiles(2, 50) });
    await machine.push(place.open(), [more], { project: 'theirs' });
    const [gone] = place.keys(/pack$/).filter((key) => !before.has(key));
    place.objects.delete(gone!);
    const reader = new Machine();
    expect(await collect(machine, place.open(), [], GRACE)).toMatchObject({ condemned: { files: 1 } });
    const { signal } = new AbortController();
    const check = { remote: place.open(), store: reader.store, jobs: 2, events: noEvents, signal };
    expect((await checkRemote(check)).findings.map(({ key }) => key)).toEqual([gone]);
    await machine.push(place.open(), [more], { project: 'theirs', verify: true });
    await reader.fetch(place.open(), [more]);
    expect(reader.files(more).size).toBe(4);
  });
});
