import { describe, expect, it } from 'vitest';
import fc from '../../rig/fast-check.js';
import { expectNothingLost, scripts, World } from './model.js';

const MS_PER_RUN = 2_000;

/** Runs so many scripts of pushes, pulls and collections, drawn at random. */
export function modelCheck(numRuns: number): void {
  describe('pushes, pulls and collections of garbage on one remote, in any order of their steps', () => {
    it(
      'never lose what was pushed, show no pull a part for the whole, and leave nothing twice',
      { timeout: 60_000 + numRuns * MS_PER_RUN },
      async () => {
        const world = new World();
        await fc.assert(
          fc.asyncProperty(scripts, (script) => expectNothingLost(world, script)),
          { numRuns },
        );
        expect(world.trees).toHaveLength(6);
      },
    );
  });
}
