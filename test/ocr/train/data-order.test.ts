import { describe, expect, it } from 'vitest';
import { batchesPerEpoch, epochBatches } from '../../../src/ocr/train/data-order.js';
import { learningRateAt } from '../../../src/ocr/train/learning-rate.js';
import { trainConfigSchema } from '../../../src/ocr/train/train-config.js';
import fc from '../../rig/fast-check.js';

describe('epochBatches', () => {
  it('shows every sample once an epoch, in as many batches as announced', () => {
    const shape = fc.record({
      steps: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 300 }),
      batchSize: fc.integer({ min: 1, max: 40 }),
      seed: fc.nat(),
      epoch: fc.nat(1000),
    });
    fc.assert(
      fc.property(shape, ({ steps, ...options }) => {
        const batches = epochBatches(steps, options);
        expect(batches.length).toBe(batchesPerEpoch(steps.length, options.batchSize));
        expect(batches.flat().sort((a, b) => a - b)).toEqual(steps.map((_, index) => index));
      }),
    );
  });

  it('puts images of like width together', () => {
    const steps = Array.from({ length: 256 }, (_, index) => (index * 37) % 64);
    const filled = (batches: number[][]): number =>
      batches.reduce(
        (sum, batch) => sum + Math.max(...batch.map((index) => steps[index]!)) * batch.length,
        0,
      );
    const used = steps.reduce((sum, count) => sum + count, 0);
    expect(filled(epochBatches(steps, { batchSize: 16, seed: 1, epoch: 0 }))).toBeLessThan(1.1 * used);
  });

  it('orders each epoch anew', () => {
    const steps = new Array<number>(64).fill(10);
    const order = (epoch: number): number[][] => epochBatches(steps, { batchSize: 8, seed: 1, epoch });
    expect(order(0)).not.toEqual(order(1));
    expect(order(0)).toEqual(order(0));
  });
});

describe('learningRateAt', () => {
  const config = trainConfigSchema.parse({ learningRate: 0.1, warmupSteps: 10, finalLearningRate: 0.01 });

  it('rises straight, is highest after the warm-up, and falls along a cosine to the share that is left', () => {
    expect(learningRateAt(0, 110, config)).toBeCloseTo(0.01);
    expect(learningRateAt(9, 110, config)).toBeCloseTo(0.1);
    expect(learningRateAt(60, 110, config)).toBeCloseTo((0.1 + 0.001) / 2);
    expect(learningRateAt(110, 110, config)).toBeCloseTo(0.001);
  });

  it('stays where it is when the schedule is constant', () => {
    const constant = { ...config, schedule: 'constant' as const, warmupSteps: 0 };
    expect([0, 50, 109].map((step) => learningRateAt(step, 110, constant))).toEqual([0.1, 0.1, 0.1]);
  });
});
