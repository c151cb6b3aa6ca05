import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { missingFrom } from '../../src/store/closure.js';
import { contentIdOf } from '../../src/base/content-id.js';
import { readAll, type Remote } from '../../src/remote/backends/remote.js';
import { Machine, randomFiles, type Folder } from './rig.js';

/** What push and fetch must do over every kind of remote. `openPlace` gives clients of one initially empty place. */
export function roundTrips(name: string, openPlace: () => Promise<() => Promise<Remote>>): void {
  describe(`push and fetch over ${name}`, () => {
    it('brings a directory with small and large files to another machine', async () => {
      const open = await openPlace();
      const folder: Folder = {
        ...randomFiles(300, 2000),
        empty: Buffer.alloc(0),
        big: randomBytes(3_000_000),
        deep: { er: randomFiles(40, 500) },
      };
      const [here, there] = [new Machine(), new Machine()];
      const id = here.add(folder);
      const pushed = await here.push(await open(), [id]);
      expect(pushed.packs).toBe(1);
      await there.fetch(await open(), [id]);
      expect(there.files(id)).toEqual(here.files(id));
      expect(there.files(id).size).toBe(342);
    });

    it('costs one request to push nothing new, and none to fetch what is there', async () => {
      const open = await openPlace();
      const machine = new Machine();
      const id = machine.add(randomFiles(500, 100));
      await machine.push(await open(), [id]);
      const remote = await open();
      expect(await machine.push(remote, [id])).toEqual({ objects: 0, packs: 0 });
      expect(remote.traffic).toEqual({ requests: 1, sentBytes: 0, receivedBytes: 0 });
      const idle = await open();
      await machine.fetch(idle, [id]);
      expect(idle.traffic.requests).toBe(0);
    });

    it('sends again what is gone or damaged there when that is asked for', async () => {
      const open = await openPlace();
      const [here, there] = [new Machine(), new Machine()];
      const id = here.add({
        ...randomFiles(5, 100),
        big: randomBytes(1_500_000),
        other: randomBytes(1_200_000),
      });
      await here.push(await open(), [id]);
      const remote = await open();
      const [gone, damaged] = (await remote.list('objects/')).sort((a, b) => a.size - b.size);
      const [pack] = (await remote.list('packs/')).filter(({ key }) => key.endsWith('.pack'));
      await remote.delete(gone!.key);
      for (const { key, size } of [damaged!, pack!]) {
        const bytes = randomBytes(size);
        await remote.put(key, { bytes }, { sha256: contentIdOf(bytes) });
      }
      expect(await here.push(await open(), [id])).toEqual({ objects: 1, packs: 0 });
      expect(await here.push(await open(), [id], { verify: true })).toEqual({ objects: 7, packs: 1 });
      await there.fetch(await open(), [id]);
      expect(there.files(id)).toEqual(here.files(id));
    });

    it('costs a list, a pack and a catalog to push one new file', async () => {
      const open = await openPlace();
      const machine = new Machine();
      const files = randomFiles(2000, 100);
      await machine.push(await open(), [machine.add(files)]);
      const changed = machine.add({ ...files, another: randomBytes(100) });
      const remote = await open();
      const pushed = await machine.push(remote, [changed]);
      expect(pushed.packs).toBe(1);
      expect(remote.traffic.requests).toBeLessThanOrEqual(4);
      expect(remote.traffic.sentBytes).toBeLessThan(200_000);
    });

    it('sends run records along and fetches them by the key of their inputs', async () => {
      const open = await openPlace();
      const [here, there] = [new Machine(), new Machine()];
      const key = contentIdOf('inputs');
      const record = here.runs.put(key, { outs: ['a'], n: 1 });
      const id = here.add(randomFiles(3, 10));
      await here.push(await open(), [id], { runs: [{ key, record }] });
      const fetched = await there.fetch(await open(), [id], { runKeys: [key, contentIdOf('others')] });
      expect(fetched.runs).toEqual([{ key, record }]);
      expect(there.runs.read({ key, record })).toEqual({ outs: ['a'], n: 1 });
    });

    it('refuses a damaged object by name: nothing damaged reaches the store, everything else does', async () => {
      const open = await openPlace();
      const [here, there] = [new Machine(), new Machine()];
      const id = here.add(randomFiles(60, 5000));
      const remote = await open();
      await here.push(remote, [id]);
      const { key } = (await remote.list('packs/')).find((one) => one.key.endsWith('.pack'))!;
      const bytes = await readAll((await remote.get(key))!);
      bytes[100_000]! ^= 1;
      await remote.put(key, { bytes }, { sha256: contentIdOf(bytes) });
      const refused = there.fetch(await open(), [id]);
      await expect(refused).rejects.toMatchObject({ code: 'object-damaged' });
      await expect(refused).rejects.toThrow(key);
      for (const table of there.store.packs()) {
        for (const { kind, id: object } of table.entries())
          expect(contentIdOf(there.store.read(kind, object))).toBe(object);
      }
      expect([...missingFrom({ reader: there.store, id })]).toMatchObject([{ kind: 'blob' }]);
    });

    it('refuses a place that was emptied, or holds another store, on each machine that knew it', async () => {
      const open = await openPlace();
      const [here, there, newcomer] = [new Machine(), new Machine(), new Machine()];
      const id = here.add(randomFiles(5, 100));
      await here.push(await open(), [id]);
      await there.fetch(await open(), [id]);
      const remote = await open();
      for (const { key } of [...(await remote.list('packs/')), { key: 'format.json' }])
        await remote.delete(key);
      const refused = { code: 'remote-replaced', exitCode: 2 };
      for (const machine of [here, there]) {
        await expect(machine.push(remote, [id])).rejects.toMatchObject(refused);
      }
      expect(await remote.list('packs/')).toEqual([]);
      await newcomer.push(await open(), [newcomer.add(randomFiles(5, 100))]);
      for (const machine of [here, there]) {
        await expect(machine.push(remote, [id])).rejects.toMatchObject(refused);
      }
    });

    it('lets two machines push overlapping data at once', async () => {
      const open = await openPlace();
      const machines = [new Machine(), new Machine(), new Machine()];
      const shared = randomFiles(200, 300);
      const ids = machines.map((machine, index) =>
        machine.add({ ...shared, own: randomFiles(50 + index, 200) }),
      );
      await Promise.all(machines.map(async (machine, index) => machine.push(await open(), [ids[index]!])));
      const reader = new Machine();
      await reader.fetch(await open(), ids);
      ids.forEach((id, index) => {
        expect(reader.files(id)).toEqual(machines[index]!.files(id));
      });
    });
  });
}
