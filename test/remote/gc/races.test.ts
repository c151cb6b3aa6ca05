import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { contentIdOf } from '../../../src/base/content-id.js';
import { loadView } from '../../../src/remote/catalog/load-view.js';
import { writeNextBase } from '../../../src/remote/catalog/write-base.js';
import type { Remote } from '../../../src/remote/backends/remote.js';
import { objectKey } from '../../../src/store/format.js';
import { Machine, randomFiles } from '../rig.js';
import { collect, GRACE, HOUR_MS } from './collecting.js';
import { before, dyingAfter, Place } from './place.js';

/** A remote that lets others do something right after large objects were listed, the first time. */
function afterListing(remote: Remote, meanwhile: () => Promise<unknown>): Remote {
  let isMet = false;
  const list: Remote['list'] = async (prefix, options) => {
    const listed = await remote.list(prefix, options);
    if (!isMet && prefix === 'objects/') {
      isMet = true;
      await meanwhile();
    }
    return listed;
  };
  return new Proxy(remote, {
    get: (target, name) => {
      const value: unknown = name === 'list' ? list : Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

describe('a push that dies after a collection that it did not see', () => {
  it('has proved nothing: what its tree needs and is condemned is not relied on, be the catalogs joined', async () => {
    const [place, machine] = [new Place(), new Machine()];
    const files = randomFiles(10, 500);
    await machine.push(place.open(), [machine.add(files)], { project: 'ours' });
    place.nowMs += HOUR_MS;
    const all = machine.add({ own: randomBytes(90), files });
    // The pack of its own that it sends is too young for the collection to know it.
    const collecting = () => collect(new Machine(), place.open(), [], GRACE);
    const remote = before('put', /\.pack$/, { remote: place.open(), meanwhile: collecting });
    const pushing = machine.push(dyingAfter(1, /\.cat$/, remote), [all], { project: 'theirs' });
    await expect(pushing).rejects.toThrow('died');
    const source = machine.source(place.open());
    const view = await loadView(source);
    expect([view.has('tree', all), view.keeps('tree', all)]).toEqual([true, false]);
    await writeNextBase(source, view.parts.format!);
    expect((await loadView(source)).keeps('tree', all)).toBe(false);
    // Whoever pushes it then sends, or takes back, all of it.
    await machine.push(place.open(), [all], { project: 'theirs' });
    for (let weeks = 0; weeks < 2; weeks += 1) {
      place.nowMs += 8 * 24 * HOUR_MS;
      await collect(new Machine(), place.open(), [], GRACE);
    }
    const reader = new Machine();
    await reader.fetch(place.open(), [all]);
    expect(reader.files(all)).toEqual(machine.files(all));
  });
});

describe('a push that dies after what it relied on was deleted', () => {
  it('stops no later collection by a tree that nobody has, and can be made again', async () => {
    const [place, machine] = [new Place(), new Machine()];
    const files = randomFiles(10, 500);
    await machine.push(place.open(), [machine.add(files)], { project: 'ours' });
    place.nowMs += HOUR_MS;
    const all = machine.add({ own: randomBytes(90), files });
    const weeks = async () => {
      for (let week = 0; week < 2; week += 1) {
        await collect(new Machine(), place.open(), [], GRACE);
        place.nowMs += 8 * 24 * HOUR_MS;
      }
    };
    const remote = before('put', /\.pack$/, { remote: place.open(), meanwhile: weeks });
    const pushing = machine.push(dyingAfter(1, /\.cat$/, remote), [all], { project: 'theirs' });
    await expect(pushing).rejects.toThrow('died');
    const collected = await collect(new Machine(), place.open(), [], GRACE);
    expect(collected.spared.others).toBe(0);
    await machine.push(place.open(), [all], { project: 'theirs' });
    const reader = new Machine();
    await reader.fetch(place.open(), [all]);
    expect(reader.files(all)).toEqual(machine.files(all));
  });
});

describe('a collection that deletes, and has listed the remote', () => {
  it('loses its base to who takes back a large object meanwhile, deletes nothing before, and tells what became of it', async () => {
    const [place, machine] = [new Place(), new Machine()];
    const large = randomBytes(1_100_000);
    const key = objectKey(contentIdOf(large));
    const gone = randomFiles(2, 300);
    await machine.push(place.open(), [machine.add({ large })], { project: 'ours' });
    await machine.push(place.open(), [machine.add(gone)], { project: 'ours' });
    place.nowMs += HOUR_MS;
    await collect(new Machine(), place.open(), [], GRACE);
    place.nowMs += 8 * 24 * HOUR_MS;
    const again = machine.add({ own: randomBytes(90), large });
    const pushing = () => machine.push(place.open(), [again], { project: 'theirs' });
    const collected = await collect(new Machine(), afterListing(place.open(), pushing), [], GRACE);
    const reader = new Machine();
    await reader.fetch(place.open(), [again]);
    expect(reader.files(again)).toEqual(machine.files(again));
    const { files, deleted } = collected;
    expect(files.deleted).not.toContain(key);
    expect(deleted.files).toBeGreaterThan(0);
    expect(files.deleted.filter((each) => place.objects.has(each))).toEqual([]);
    const view = await loadView(machine.source(place.open()));
    expect([view.isCondemned(key), view.keeps('blob', contentIdOf(large))]).toEqual([false, true]);
    expect(files.condemned.every((each) => view.isCondemned(each))).toBe(true);
  });
});
