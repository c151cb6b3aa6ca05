import { describe, expect, it } from 'vitest';
import { inBreaths } from '../../src/base/in-breaths.js';

/** Busy for so many milliseconds a step; notes when it is ended. */
function* busy(steps: number, ended: () => void): Generator<0, string> {
  try {
    for (let step = 0; step < steps; step += 1) {
      const until = performance.now() + 10;
      while (performance.now() < until);
      yield 0;
    }
    return 'done';
  } finally {
    ended();
  }
}

describe('work in steps', () => {
  it('is done to its end, and lets others go on meanwhile', async () => {
    let heard = 0;
    const listening = setInterval(() => (heard += 1), 1);
    const { signal } = new AbortController();
    expect(
      await inBreaths(
        busy(20, () => undefined),
        signal,
      ),
    ).toBe('done');
    clearInterval(listening);
    expect(heard).toBeGreaterThan(1);
  });

  it('is given up when its caller is stopped, and tidied up', async () => {
    const [stop, reason] = [new AbortController(), new Error('stopped')];
    let ended = false;
    const work = inBreaths(
      busy(1000, () => (ended = true)),
      stop.signal,
    );
    setTimeout(() => {
      stop.abort(reason);
    }, 1);
    await expect(work).rejects.toBe(reason);
    expect(ended).toBe(true);
  });
});
