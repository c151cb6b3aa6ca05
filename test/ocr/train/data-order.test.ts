import { describe, expect, it } from 'vitest';
import { dataOrder, type Order } from '../../../src/ocr/train/data-order.js';
import fc from '../../rig/fast-check.js';

function orderOf(changes: Partial<Order> & Pick<Order, 'widthsPx'>): Order {
  return {
    repeats: changes.widthsPx.map(() => 1),
    batchSize: 16,
    batchPixels: undefined,
    seed: 1,
    ...changes,
  };
}

const drawnOrder = fc
  .record({
    samples: fc.array(
      fc.record({
        widthPx: fc.integer({ min: 1, max: 60 }),
        repeat: fc.oneof(fc.constant(1), fc.double({ min: 1, max: 4, noNaN: true })),
      }),
      { minLength: 1, maxLength: 300 },
    ),
    batchSize: fc.integer({ min: 1, max: 40 }),
    batchPixels: fc.option(fc.integer({ min: 1, max: 800 }), { nil: undefined }),
    seed: fc.nat(),
  })
  .map(({ samples, ...rest }): Order => ({
    widthsPx: samples.map(({ widthPx }) => widthPx),
    repeats: samples.map(({ repeat }) => repeat),
    ...rest,
  }));

function times(batches: number[][]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const index of batches.flat()) counts.set(index, (counts.get(index) ?? 0) + 1);
  return counts;
}

describe('dataOrder', () => {
  it('shows every sample once a pass, in as many batches as announced', () => {
    fc.assert(
      fc.property(drawnOrder, fc.nat(1000), (drawn, pass) => {
        const order = { ...drawn, repeats: drawn.widthsPx.map(() => 1) };
        const { batches, batchesPerPass } = dataOrder(order);
        const given = batches(pass);
        expect(given.length).toBe(batchesPerPass);
        expect(given.flat().sort((a, b) => a - b)).toEqual(order.widthsPx.map((_, index) => index));
      }),
    );
  });

  it('keeps every batch within both bounds, and none empty', () => {
    fc.assert(
      fc.property(drawnOrder, fc.nat(1000), (order, pass) => {
        for (const batch of dataOrder(order).batches(pass)) {
          const widest = Math.max(...batch.map((index) => order.widthsPx[index]!));
          expect(batch.length).toBeGreaterThan(0);
          expect(batch.length).toBeLessThanOrEqual(order.batchSize);
          if (batch.length > 1)
            expect(batch.length * widest).toBeLessThanOrEqual(order.batchPixels ?? Infinity);
        }
      }),
    );
  });

  it('shows a sample at least as often as the whole part of its repeats, in passes of one length', () => {
    fc.assert(
      fc.property(drawnOrder, fc.nat(1000), (order, pass) => {
        const { batches, batchesPerPass } = dataOrder(order);
        const given = batches(pass);
        expect(given.length).toBe(batchesPerPass);
        const counts = times(given);
        order.repeats.forEach((repeat, index) => {
          expect(counts.get(index)).toBeGreaterThanOrEqual(Math.floor(repeat));
        });
      }),
    );
  });

  it('shows a sample over many passes as often as its repeats say, fractions included', () => {
    const repeats = [1, 1.25, 1.5, 2.75, 1.5];
    const { batches } = dataOrder(orderOf({ widthsPx: [10, 10, 10, 10, 10], repeats }));
    const passes = Array.from({ length: 2000 }, (_, pass) => batches(pass));
    const counts = times(passes.flat());
    repeats.forEach((repeat, index) => {
      expect(counts.get(index)! / passes.length).toBeCloseTo(repeat, 1);
    });
  });

  it('puts images of like width together', () => {
    const widthsPx = Array.from({ length: 256 }, (_, index) => (index * 37) % 64);
    const filled = (batches: number[][]): number =>
      batches.reduce(
        (sum, batch) => sum + Math.max(...batch.map((index) => widthsPx[index]!)) * batch.length,
        0,
      );
    const used = widthsPx.reduce((sum, count) => sum + count, 0);
    expect(filled(dataOrder(orderOf({ widthsPx })).batches(0))).toBeLessThan(1.1 * used);
    const bounded = orderOf({ widthsPx, batchPixels: 1000 });
    expect(filled(dataOrder(bounded).batches(0))).toBeLessThan(1.15 * used);
  });

  it('makes larger batches of narrow images where pixels bound them', () => {
    const widthsPx = [...new Array<number>(90).fill(50), ...new Array<number>(90).fill(400)];
    const order = orderOf({ widthsPx, batchPixels: 1600, batchSize: 30 });
    const sizes = dataOrder(order)
      .batches(0)
      .map((batch) => `${batch.length} of ${widthsPx[batch[0]!]}`);
    expect(new Set(sizes)).toEqual(new Set(['30 of 50', '4 of 400', '3 of 400']));
  });

  it('orders each pass anew', () => {
    const widthsPx = new Array<number>(64).fill(10);
    for (const batchPixels of [undefined, 80]) {
      const order = (pass: number): number[][] => dataOrder(orderOf({ widthsPx, batchPixels })).batches(pass);
      expect(order(0)).not.toEqual(order(1));
      expect(order(0)).toEqual(order(0));
    }
  });
});
