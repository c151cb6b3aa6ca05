import { describe, expect, it } from 'vitest';
import { contentIdOf, type ContentId } from '../../../src/base/content-id.js';
import { Machine, randomFiles } from '../rig.js';
import { collect, HOUR_MS, needed } from './collecting.js';
import { Place } from './place.js';

describe('run records, in a collection of garbage on a remote', () => {
  it('stay for all results of inputs that are needed, of which only the needed one stays, and go for others', async () => {
    const place = new Place();
    const machine = new Machine();
    const [kept, other] = [machine.add(randomFiles(3, 300)), machine.add(randomFiles(4, 400))];
    const recorded = (inputs: string, made: ContentId) => {
      const key = contentIdOf(inputs);
      return { key, record: machine.runs.put(key, { made }) };
    };
    const first = recorded('inputs', kept);
    const runs = [first, recorded('inputs', other), recorded('other inputs', other)];
    await machine.push(place.open(), [kept, other], { project: 'ours', runs });
    place.nowMs += HOUR_MS;
    await collect(machine, place.open(), [kept], {
      needed: { roots: [needed(kept)], runs: [first] },
      outsOf: (record) => [{ kind: 'tree', id: (JSON.parse(String(record)) as { made: ContentId }).made }],
    });
    const reader = new Machine();
    await reader.fetch(place.open(), [kept], { runKeys: 'all' });
    expect([...reader.runs.all()]).toEqual(runs.slice(0, 2).sort((a, b) => (a.record < b.record ? -1 : 1)));
    place.nowMs += HOUR_MS;
    await collect(machine, place.open(), [kept], { needed: { roots: [needed(kept)], runs: [first] } });
    await expect(new Machine().fetch(place.open(), [other])).rejects.toMatchObject({
      code: 'object-missing',
    });
  });
});
