import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { remoteGcText } from '../../../src/cli/gc-remote-text.js';
import type { ContentId } from '../../../src/base/content-id.js';
import { loadView } from '../../../src/remote/catalog/load-view.js';
import { objectsOf } from '../../../src/store/closure.js';
import { Machine, randomFiles } from '../rig.js';
import { collect, DATA, GRACE, HOUR_MS } from './collecting.js';
import { Place } from './place.js';

describe('a collection that meets damaged packs', () => {
  it('leaves a pack as it is of which an object is damaged that is needed, with all that is sound in it', async () => {
    const place = new Place();
    const machine = new Machine();
    const shared = randomFiles(3, 4000);
    await machine.push(place.open(), [machine.add({ ...shared, gone: randomBytes(9000) })], {
      project: 'ours',
    });
    const kept = machine.add(shared);
    await machine.push(place.open(), [kept], { project: 'ours' });
    place.nowMs += HOUR_MS;
    const damaged = place.keys(DATA).find((key) => place.objects.get(key)!.length > 15_000)!;
    const bytes = place.objects.get(damaged)!;
    bytes[100] = ~bytes[100]!;
    for (let again = 0; again < 3; again += 1) {
      await machine.push(place.open(), [machine.add({ more: randomBytes(90) })], { project: 'ours' });
      place.nowMs += 8 * 24 * HOUR_MS;
      const collected = await collect(machine, place.open(), [kept], GRACE);
      const view = await loadView(machine.source(place.open()));
      expect([place.objects.has(damaged), view.isCondemned(damaged)]).toEqual([true, false]);
      expect([...collected.files.condemned, ...collected.files.deleted]).not.toContain(damaged);
      expect(collected).toMatchObject({ damaged: { packs: 1 }, joined: { packs: 0 } });
      expect(remoteGcText({ remote: 'store', dryRun: false, skippedBroken: [], ...collected })).toContain(
        "Left as they are, because something needed in them is damaged: 1 pack ('ocrpipe fsck --remote store' names it)",
      );
    }
    const reader = new Machine();
    await expect(reader.fetch(place.open(), [kept])).rejects.toMatchObject({ code: 'object-damaged' });
    expect(
      [...objectsOf({ reader: machine.store, id: kept })].filter(({ kind, id }) =>
        reader.store.has(kind, id),
      ),
    ).toHaveLength(3);
  });

  it('joins the packs that are sound beside one that is damaged', async () => {
    const place = new Place();
    const machine = new Machine();
    const kept: ContentId[] = [];
    for (const [name, content] of Object.entries(randomFiles(10, 700))) {
      kept.push(machine.add({ [name]: content }));
      await machine.push(place.open(), kept.slice(-1), { project: 'ours' });
    }
    place.nowMs += HOUR_MS;
    const damaged = place.keys(DATA)[0]!;
    const bytes = place.objects.get(damaged)!;
    bytes[100] = ~bytes[100]!;
    const collected = await collect(machine, place.open(), kept, GRACE);
    expect(collected).toMatchObject({
      joined: { packs: 9, into: 2 },
      damaged: { packs: 1 },
      condemned: { files: 9 },
    });
    await collect(machine, place.open(), kept);
    expect(place.objects.has(damaged)).toBe(true);
    const reader = new Machine();
    await expect(reader.fetch(place.open(), kept)).rejects.toMatchObject({ code: 'object-damaged' });
    const sound = kept.flatMap((id) => [...objectsOf({ reader: machine.store, id })]);
    expect(sound.filter(({ kind, id }) => reader.store.has(kind, id))).toHaveLength(sound.length - 1);
  });
});
