import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contentIdOf, type ContentId } from '../../../src/base/content-id.js';
import { FolderRemote } from '../../../src/remote/backends/folder.js';
import { loadView } from '../../../src/remote/catalog/load-view.js';
import { writeNextBase } from '../../../src/remote/catalog/write-base.js';
import { bytePath } from '../../../src/tracking/byte-path.js';
import { objectsOf } from '../../../src/store/closure.js';
import { crashesOf } from '../../rig/crashes.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { Machine, randomFiles, type Folder } from '../rig.js';
import { collect, DATA, GRACE, HOUR_MS } from './collecting.js';
import { expectNothingDoubled } from './doubled.js';
import { expectManyClients } from './many-clients.js';
import { before, dyingAfter, Place } from './place.js';

async function expectFetched(place: Place, id: ContentId, files: number): Promise<void> {
  const reader = new Machine();
  await reader.fetch(place.open(), [id]);
  expect(reader.files(id).size).toBe(files);
}

/** A tree that is needed no more, with small files and a large one, and one that is; each pushed. */
async function withGarbage() {
  const place = new Place();
  const machine = new Machine();
  const files = { ...randomFiles(10, 500), big: randomBytes(1_100_000) };
  const [old, kept] = [
    machine.add(files),
    machine.add({ ...randomFiles(10, 400), also: randomBytes(1_200_000) }),
  ];
  await machine.push(place.open(), [old], { project: 'ours' });
  await machine.push(place.open(), [kept], { project: 'ours' });
  place.nowMs += HOUR_MS;
  return { place, machine, files, old, kept };
}

describe('a collection of garbage on a remote', () => {
  it('says what it would do, and changes nothing, when that is all that is asked for', async () => {
    const { place, machine, kept } = await withGarbage();
    const keys = place.keys(/./);
    const { condemned, deleted, needed } = await collect(machine, place.open(), [kept], {
      ...GRACE,
      dryRun: true,
    });
    expect(condemned).toMatchObject({ files: 2, objects: 12 });
    expect(condemned.bytes).toBeGreaterThan(1_100_000);
    expect(deleted.files).toBe(0);
    expect(needed).toMatchObject({ objects: 12 });
    expect(place.keys(/./)).toEqual(keys);
  });

  it('condemns first, deletes what was condemned a grace period ago, and nothing sooner', async () => {
    const { place, machine, old, kept } = await withGarbage();
    const { files } = await collect(machine, place.open(), [kept], GRACE);
    expect(files.condemned).toHaveLength(2);
    expect(place.keys(DATA)).toHaveLength(4);
    await expectFetched(place, old, 11);
    place.nowMs += 6 * 24 * HOUR_MS;
    expect(await collect(machine, place.open(), [kept], GRACE)).toMatchObject({ waiting: { files: 2 } });
    expect(place.keys(DATA)).toHaveLength(4);
    // Another base does not make it wait anew.
    await machine.push(place.open(), [machine.add({ more: randomBytes(90) })], { project: 'ours' });
    place.nowMs += HOUR_MS;
    expect(await collect(machine, place.open(), [kept], GRACE)).toMatchObject({ condemned: { files: 1 } });
    await expectFetched(place, old, 11);
    place.nowMs += 2 * 24 * HOUR_MS;
    const later = await collect(machine, place.open(), [kept], GRACE);
    expect(later.files.deleted).toEqual(files.condemned);
    expect(place.keys(DATA)).toHaveLength(3);
    await expectFetched(place, kept, 11);
  });

  it('takes back what is needed again, and so does a push, which sends none of it twice', async () => {
    const { place, machine, old, kept } = await withGarbage();
    await collect(machine, place.open(), [kept], GRACE);
    const remote = place.open();
    expect(await machine.push(remote, [old], { project: 'ours' })).toMatchObject({ packs: 1 });
    expect(remote.traffic.sentBytes).toBeLessThan(5_000);
    await collect(machine, place.open(), [kept], GRACE);
    expect(await collect(machine, place.open(), [kept, old], GRACE)).toMatchObject({
      condemned: { files: 0 },
    });
    place.nowMs += 30 * 24 * HOUR_MS;
    await collect(machine, place.open(), [kept, old], GRACE);
    await expectFetched(place, old, 11);
  });

  it('keeps what other projects pushed, and what was pushed lately', async () => {
    const { place, machine, old, kept } = await withGarbage();
    await machine.push(place.open(), [old], { project: 'theirs' });
    place.nowMs += 20 * 24 * HOUR_MS;
    const nothing = { condemned: { files: 0 } };
    expect(await collect(machine, place.open(), [], { ...GRACE, recentMs: 31 * 24 * HOUR_MS })).toMatchObject(
      nothing,
    );
    expect((await collect(machine, place.open(), [], GRACE)).files.condemned).toHaveLength(2);
    expect(await collect(machine, place.open(), [], { ...GRACE, project: 'theirs' })).toMatchObject({
      files: { condemned: expect.arrayContaining([expect.stringMatching(DATA)]) as string[] },
    });
    await expectFetched(place, kept, 11);
  });

  it('that died before its base vouches for nothing: a push relies on none of what it wrote', async () => {
    const place = new Place();
    const machine = new Machine();
    const tree = machine.add({ big: randomBytes(1_100_000), small: randomBytes(9) });
    const kept = machine.add(randomFiles(3, 300));
    for (const each of [tree, kept]) await machine.push(place.open(), [each], { project: 'ours' });
    place.nowMs += HOUR_MS;
    await collect(machine, place.open(), [kept], GRACE);
    place.nowMs += 8 * 24 * HOUR_MS;
    // So many small packs are joined by whoever collects next.
    const others = Array.from({ length: 9 }, (_, at) => machine.add({ [`${at}`]: randomBytes(50) }));
    for (const each of others) await machine.push(place.open(), [each], { project: 'ours' });
    const rescuing = async (): Promise<void> => {
      const remote = dyingAfter(1, /\.cat$/, place.open());
      await expect(collect(machine.forgetful(), remote, [tree, kept, ...others], GRACE)).rejects.toThrow(
        'died',
      );
    };
    const push = () => machine.forgetful().push(place.open(), [tree], { project: 'ours' });
    let refused: unknown;
    const pushing = async (): Promise<void> => {
      refused = await push().catch((error: unknown) => error);
    };
    const remote = before('put', /base-/, { remote: place.open(), meanwhile: rescuing });
    const deleting = before('delete', DATA, { remote, meanwhile: pushing });
    await collect(machine, deleting, [kept, ...others], GRACE);
    // The tree is there by what died, and one of its files is being deleted.
    expect(refused).toMatchObject({ code: 'remote-collecting' });
    place.nowMs += 25 * HOUR_MS;
    await push();
    await expectFetched(place, tree, 2);
  });

  it('keeps what was pushed of a part, and the listings by which it is found', async () => {
    const place = new Place();
    const machine = new Machine();
    const part = randomFiles(5, 400);
    const [top, pushed] = [machine.add({ part, rest: randomFiles(5, 300) }), machine.add(part)];
    const way = { id: top, kind: 'listing', name: 'data', optional: true, unlessTree: true } as const;
    await machine.push(place.open(), [pushed, way], { project: 'ours', parts: true });
    for (let days = 0; days < 3; days += 1) {
      place.nowMs += 40 * 24 * HOUR_MS;
      await collect(machine, place.open(), [top], GRACE);
    }
    const reader = new Machine();
    await reader.fetch(place.open(), [{ id: top, kind: 'tree', name: 'data', below: bytePath('part') }]);
    expect(reader.files(pushed).size).toBe(5);
  });

  it('records a root again that is pushed again a day later, so that it counts as pushed lately', async () => {
    const { place, machine, kept } = await withGarbage();
    place.nowMs += 12 * HOUR_MS;
    const catalogs = place.keys(/\.cat$/);
    expect(await machine.push(place.open(), [kept], { project: 'ours' })).toEqual({ objects: 0, packs: 0 });
    expect(place.keys(/\.cat$/)).toEqual(catalogs);
    place.nowMs += 20 * HOUR_MS;
    expect(await machine.push(place.open(), [kept], { project: 'ours' })).toEqual({ objects: 0, packs: 0 });
    const view = await loadView(machine.source(place.open()));
    expect(view.pushedAt({ id: kept, kind: 'tree', project: 'ours' })).toBe(
      new Date(place.nowMs).toISOString(),
    );
  });

  it('writes packs anew of which part is needed, and joins many small ones', async () => {
    const place = new Place();
    const machine = new Machine();
    const files = randomFiles(12, 700);
    const ids: ContentId[] = [];
    for (const [name, content] of Object.entries(files)) {
      const id = machine.add({ [name]: content });
      await machine.push(place.open(), [id], { project: 'ours' });
      ids.push(id);
    }
    place.nowMs += HOUR_MS;
    const kept = ids.slice(0, 10);
    const { joined } = await collect(machine, place.open(), kept);
    expect(joined).toEqual({ packs: 10, into: 2 });
    await collect(machine, place.open(), kept);
    expect(place.keys(DATA)).toHaveLength(2);
    for (const id of kept) await expectFetched(place, id, 1);
  });

  it('clears away what pushes left that did not end', async () => {
    const { place, machine, old, kept } = await withGarbage();
    for (const key of place.keys(/\.cat$/)) place.objects.delete(key);
    await machine.forgetful().push(place.open(), [kept], { project: 'ours' });
    await collect(machine, place.open(), [kept]);
    await collect(machine, place.open(), [kept]);
    expect(place.keys(DATA)).toHaveLength(2);
    await expectFetched(place, kept, 11);
    expect(machine.files(old).size).toBe(11);
  });

  it('stops at a tree that can be read nowhere, unless that is put up with', async () => {
    const { place, machine, kept } = await withGarbage();
    const [pack] = place.keys(/\.pack$/);
    place.objects.delete(pack!);
    const elsewhere = new Machine();
    const stopped = collect(elsewhere, place.open(), [contentIdOf('nowhere')]);
    await expect(stopped).rejects.toMatchObject({ code: 'needed-tree-missing' });
    const before = place.keys(DATA);
    await collect(elsewhere, place.open(), [], { allowMissing: true, project: 'nobody' });
    expect(place.keys(DATA)).toEqual(before);
    await machine.push(place.open(), [kept], { verify: true, project: 'ours' });
    await expectFetched(place, kept, 11);
  });

  it('says until when a large object cannot be sent again that was just deleted', async () => {
    const { place, machine, old, kept } = await withGarbage();
    await collect(machine, place.open(), [kept]);
    await collect(machine, place.open(), [kept]);
    expect(place.keys(DATA)).toHaveLength(2);
    const refused = machine.push(place.open(), [old]);
    await expect(refused).rejects.toMatchObject({
      code: 'remote-collecting',
      hint: expect.stringContaining('2026-01-02') as string,
    });
    place.nowMs += 25 * HOUR_MS;
    await machine.push(place.open(), [old]);
    await expectFetched(place, old, 11);
  });
});

describe('a push beside a collection that did not see it', () => {
  it('can be pulled from then on, and what it relies on is not deleted', async () => {
    const { place, machine, old, kept } = await withGarbage();
    const pushing = () => machine.push(place.open(), [old], { project: 'theirs' });
    const remote = before('put', /base-/, { remote: place.open(), meanwhile: pushing });
    expect(await collect(machine, remote, [kept], GRACE)).toMatchObject({ condemned: { files: 2 } });
    await expectFetched(place, old, 11);
    place.nowMs += 8 * 24 * HOUR_MS;
    expect(await collect(machine, place.open(), [kept], GRACE)).toMatchObject({ rescued: 2 });
    await expectFetched(place, old, 11);
  });

  it('starts over where it was planned before and is named after', async () => {
    const { place, machine, old, kept } = await withGarbage();
    const reader = new Machine();
    const collecting = () => collect(reader, place.open(), [kept], GRACE);
    const remote = before('put', /\.cat$/, { remote: place.open(), meanwhile: collecting });
    await machine.push(remote, [old], { project: 'theirs' });
    const view = await loadView(machine.source(place.open()));
    expect(view.keeps('tree', old)).toBe(true);
    place.nowMs += 8 * 24 * HOUR_MS;
    await collect(reader, place.open(), [kept], GRACE);
    await expectFetched(place, old, 11);
  });

  it('takes back what the collection is about to delete, which then looks again', async () => {
    const { place, machine, old, kept } = await withGarbage();
    await collect(machine, place.open(), [kept], GRACE);
    place.nowMs += 8 * 24 * HOUR_MS;
    const pushing = () => machine.push(place.open(), [old], { project: 'theirs' });
    const remote = before('put', /base-/, { remote: place.open(), meanwhile: pushing });
    await collect(new Machine(), remote, [kept], GRACE);
    await expectFetched(place, old, 11);
  });

  it('proves nothing by a catalog that it wrote without having seen the collection, be it that it dies then', async () => {
    const { place, machine, files, kept } = await withGarbage();
    const collecting = () => collect(new Machine(), place.open(), [kept], GRACE);
    const all = machine.add({ own: randomBytes(90), files });
    const remote = before('put', /\.cat$/, { remote: place.open(), meanwhile: collecting });
    await expect(machine.push(dyingAfter(1, /\.cat$/, remote), [all], { project: 'theirs' })).rejects.toThrow(
      'died',
    );
    const view = await loadView(machine.source(place.open()));
    expect(view.keeps('tree', all)).toBe(false);
    await writeNextBase(machine.source(place.open()), view.parts.format!);
    expect((await loadView(machine.source(place.open()))).keeps('tree', all)).toBe(false);
    await machine.push(place.open(), [all], { project: 'theirs' });
    await expectFetched(place, all, 12);
  });

  it('starts over also where the base that it asks for is gone again, as weeks went by', async () => {
    const { place, machine, old, kept } = await withGarbage();
    const weeks = async () => {
      for (let week = 0; week < 3; week += 1) {
        await collect(machine, place.open(), [kept], GRACE);
        place.nowMs += 8 * 24 * HOUR_MS;
        await machine.push(place.open(), [machine.add(randomFiles(1, 90))], { project: 'ours' });
        place.nowMs += HOUR_MS;
      }
    };
    const pusher = machine.forgetful();
    const remote = before('put', /\.cat$/, { remote: place.open(), meanwhile: weeks });
    await pusher.push(remote, [old], { project: 'theirs' });
    expect(place.objects.has('packs/base-0000000001.json')).toBe(false);
    await expectFetched(place, old, 11);
  });

  it('names no tree for whole that it planned before a collection that it saw at a checkpoint', async () => {
    const place = new Place();
    const machine = new Machine();
    const shared = randomFiles(3, 500);
    await machine.push(place.open(), [machine.add(shared)], { project: 'ours' });
    place.nowMs += HOUR_MS;
    // Five packs of blobs: after four of them there is a catalog, and the remote is looked at anew.
    const packs = Array.from({ length: 5 }, (_, n) => ({ [`${n}`]: randomFiles(4, 900_000) }));
    for (const pack of packs) machine.add(pack);
    const all = machine.add(Object.assign({ shared }, ...packs) as Folder);
    const collecting = () => collect(new Machine(), place.open(), [], GRACE);
    const remote = before('put', /\.cat$/, { remote: place.open(), meanwhile: collecting });
    await expect(machine.push(dyingAfter(2, /\.cat$/, remote), [all])).rejects.toThrow('died');
    const view = await loadView(machine.source(place.open()));
    expect(view.collected).toBe(1);
    const relied = [...objectsOf({ reader: machine.store, id: all })];
    const absent = relied.filter(({ kind, id }) => !view.keeps(kind, id));
    expect(view.keeps('tree', all) ? absent : []).toEqual([]);
    await machine.push(place.open(), [all]);
    await expectFetched(place, all, 23);
  });

  it('takes no tree for whole that a kept pack holds and nothing needed', async () => {
    const place = new Place();
    const machine = new Machine();
    const common = randomBytes(20_000);
    const gone = randomBytes(300);
    await machine.push(place.open(), [machine.add({ gone })], { project: 'ours' });
    const old = machine.add({ common, gone });
    await machine.push(place.open(), [old], { project: 'ours' });
    const kept = machine.add({ common, another: randomBytes(300) });
    await machine.push(place.open(), [kept], { project: 'ours' });
    place.nowMs += HOUR_MS;
    await collect(machine, place.open(), [kept], GRACE);
    place.nowMs += 8 * 24 * HOUR_MS;
    expect(await collect(machine, place.open(), [kept], GRACE)).toMatchObject({ deleted: { files: 2 } });
    await machine.push(place.open(), [old], { project: 'theirs' });
    await expectFetched(place, old, 2);
  });
});

describe('a collection on a folder', () => {
  it(
    'is completed by the next one wherever it is killed, and loses nothing',
    { timeout: 60_000 },
    async () => {
      const root = temporaryFolder();
      const place = join(root, 'remote');
      mkdirSync(place);
      const machine = new Machine();
      const ids = [0, 1, 2].map((n) =>
        machine.add({
          ...randomFiles(4, 300 + n),
          common: Buffer.from('in each'),
          [`big-${n}`]: randomBytes(1_050_000 + n),
        }),
      );
      for (const id of ids) await machine.push(new FolderRemote(place), [id], { project: 'ours' });
      const kept = [ids[1]!];
      await collect(machine, new FolderRemote(place), ids.slice(1));
      const crashes = await crashesOf(root, () => collect(machine, new FolderRemote(place), kept));
      expect(crashes.length).toBeGreaterThan(8);
      for (const crash of crashes) {
        const left = join(crash.root, 'remote');
        for (let again = 0; again < 2; again += 1) {
          const reader = new Machine();
          await reader.fetch(new FolderRemote(left), kept);
          expect(reader.files(kept[0]!).size).toBe(6);
          await collect(machine.forgetful(), new FolderRemote(left), kept);
          await collect(machine.forgetful(), new FolderRemote(left), kept);
        }
        const data = (await new FolderRemote(left).list('packs/')).filter(({ key }) => DATA.test(key));
        expect(data.length, crash.site).toBeLessThanOrEqual(2);
        expect(await new FolderRemote(left).list('objects/')).toHaveLength(1);
        rmSync(crash.root, { recursive: true });
      }
    },
  );

  it.each([0, HOUR_MS])(
    'goes on beside eight pushers, with a grace period of %s ms',
    { timeout: 60_000 },
    async (graceMs) => {
      const folder = temporaryFolder();
      await expectManyClients(() => Promise.resolve(new FolderRemote(folder)), graceMs);
    },
  );

  it('is given nothing twice by eight pushers but what was on its way', async () => {
    const folder = temporaryFolder();
    await expectNothingDoubled(() => Promise.resolve(new FolderRemote(folder)));
    expect(existsSync(join(folder, 'packs'))).toBe(true);
  });
});
