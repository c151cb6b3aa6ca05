import { describe, expect, it } from 'vitest';
import { cutBatches } from '../../../src/ocr/models/batch-cuts.js';
import fc from '../../rig/fast-check.js';

describe('cutBatches', () => {
  it('keeps every item in its order, and no batch above its limits but an item alone', () => {
    const shape = fc.record({
      widths: fc.array(fc.integer({ min: 1, max: 100 }), { maxLength: 60 }),
      images: fc.integer({ min: 1, max: 20 }),
      area: fc.integer({ min: 1, max: 500 }),
    });
    fc.assert(
      fc.property(shape, ({ widths, ...limit }) => {
        const batches = cutBatches(widths, (width) => width, limit);
        expect(batches.flat()).toEqual(widths);
        for (const batch of batches.filter(({ length }) => length !== 1)) {
          expect(batch.length).toBeGreaterThan(1);
          expect(batch.length).toBeLessThanOrEqual(limit.images);
          expect(batch.length * Math.max(...batch)).toBeLessThanOrEqual(limit.area);
        }
      }),
    );
  });

  it('cuts nothing that fits', () => {
    expect(cutBatches([3, 5, 4], (width) => width, { images: 3, area: 15 })).toEqual([[3, 5, 4]]);
    expect(cutBatches([3, 5, 4], (width) => width, { images: 3, area: 14 })).toEqual([[3, 5], [4]]);
  });
});
