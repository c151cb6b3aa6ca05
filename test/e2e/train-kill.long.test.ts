import { describe, expect, it } from 'vitest';
import { killedAt } from './train-kill.js';

describe('train killed at any moment', () => {
  it('leaves no half model, and finishes with the same bytes when it is run again', async () => {
    expect(await killedAt(1, 'none')).toEqual([0]);
  }, 600_000);

  it('goes on from whatever checkpoint there is', async () => {
    expect(await killedAt(1, 'each step')).toEqual([0, 1, 2, 3, 4]);
  }, 900_000);
});
