import { expect, test } from 'vitest';
import { isWithin, type RepoPath } from '../../src/base/paths.js';
import { PathIndex } from '../../src/tracking/path-index.js';
import fc from '../rig/fast-check.js';

const path = fc
  .array(fc.constantFrom('a', 'b', 'ab', 'a.b'), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('/') as RepoPath);

test('a path that overlaps is found exactly where looking at each one finds it', () => {
  fc.assert(
    fc.property(fc.array(path, { maxLength: 8 }), path, (paths, asked) => {
      const index = new PathIndex(paths);
      const expected = paths.filter(
        (other) => other !== asked && (isWithin(asked, other) || isWithin(other, asked)),
      );
      const found = index.overlapping(asked);
      if (expected.length === 0) expect(found).toBeUndefined();
      else expect(expected).toContain(found);
      expect(index.has(asked)).toBe(paths.includes(asked));
      const holder = index.holderOf(asked);
      if (holder === undefined) expect(expected.some((other) => isWithin(asked, other))).toBe(false);
      else expect(asked.startsWith(`${holder}/`)).toBe(true);
    }),
  );
});
