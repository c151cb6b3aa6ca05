import { describe, expect, it } from 'vitest';
import { FairSlots } from '../../src/base/fair-slots.js';

/** A piece of work that ends when told to. */
function work(name: string, log: string[]): { run: () => Promise<void>; end: () => void } {
  let end = (): void => undefined;
  const done = new Promise<void>((resolve) => {
    end = resolve;
  });
  return {
    run: () => {
      log.push(name);
      return done;
    },
    end: () => {
      end();
    },
  };
}

describe('FairSlots', () => {
  it('hands a freed slot to whoever has waited longest', async () => {
    const log: string[] = [];
    const slots = new FairSlots(1);
    const [a, b, c] = ['a', 'b', 'c'].map((name) => work(name, log));
    const first = slots.use(a!.run);
    const second = slots.use(b!.run);
    a!.end();
    const third = slots.use(c!.run);
    await first;
    b!.end();
    await second;
    c!.end();
    await third;
    expect(log).toEqual(['a', 'b', 'c']);
  });

  it('gives a slot back when the work throws', async () => {
    const slots = new FairSlots(1);
    await expect(slots.use(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await slots.use(() => 7)).toBe(7);
  });

  it('lets go of who is aborted while waiting, and of nobody else', async () => {
    const log: string[] = [];
    const slots = new FairSlots(1);
    const stop = new AbortController();
    const a = work('a', log);
    const first = slots.use(a.run);
    const second = slots.use(() => log.push('b'), stop.signal);
    const third = slots.use(() => log.push('c'));
    stop.abort(new Error('enough'));
    await expect(second).rejects.toThrow('enough');
    a.end();
    await Promise.all([first, third]);
    expect(log).toEqual(['a', 'c']);
    await expect(slots.use(() => 1, stop.signal)).rejects.toThrow('enough');
  });
});
