import { describe, expect, it } from 'vitest';
import { groupBy } from '../../src/base/group-by.js';
import { inParallel } from '../../src/base/in-parallel.js';

/** Gives other work its turn. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('work in parallel', () => {
  it('is at most as much at once as allowed, results in the order of the items', async () => {
    const running = { now: 0, most: 0 };
    const results = await inParallel([5, 1, 4, 2, 3], 2, async (turns) => {
      running.now += 1;
      running.most = Math.max(running.most, running.now);
      for (let left = turns; left > 0; left -= 1) await turn();
      running.now -= 1;
      return turns * 10;
    });
    expect(results).toEqual([50, 10, 40, 20, 30]);
    expect(running).toEqual({ now: 0, most: 2 });
  });

  it('begins nothing after a failure, waits for what runs, and throws the first reason', async () => {
    const begun: number[] = [];
    const ended: number[] = [];
    const work = async (item: number): Promise<void> => {
      begun.push(item);
      await turn();
      if (item === 1) throw new Error('the first');
      await turn();
      ended.push(item);
      if (item === 0) throw new Error('a later one');
    };
    await expect(inParallel([0, 1, 2, 3], 2, work)).rejects.toThrow('the first');
    expect(begun).toEqual([0, 1]);
    expect(ended).toEqual([0]);
  });

  it('ends with the reason of an abort', async () => {
    const stop = new AbortController();
    const work = (item: number): Promise<number> => {
      if (item === 1) stop.abort(new Error('enough'));
      return Promise.resolve(item);
    };
    await expect(inParallel([0, 1, 2, 3], 1, work, stop.signal)).rejects.toThrow('enough');
  });

  it('of nothing is nothing', async () => {
    expect(await inParallel([], 4, () => Promise.reject(new Error('never')))).toEqual([]);
  });
});

it('groups keep the order of first appearance, outside and inside', () => {
  const groups = groupBy(['pear', 'apple', 'plum', 'avocado'], (word) => word[0]);
  expect([...groups]).toEqual([
    ['p', ['pear', 'plum']],
    ['a', ['apple', 'avocado']],
  ]);
});
