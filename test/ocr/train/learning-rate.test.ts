import { describe, expect, it } from 'vitest';
import { learningRateAt } from '../../../src/ocr/train/learning-rate.js';
import { trainConfigSchema, type TrainConfig } from '../../../src/ocr/train/train-config.js';
import fc from '../../rig/fast-check.js';
import { readGolden } from '../nn/support.js';

interface GoldenRates extends Partial<TrainConfig> {
  totalSteps: number;
  rates: number[];
}

const golden = readGolden('optimisers.json') as {
  cosine: GoldenRates[];
  oneCycle: GoldenRates[];
  plateau: (Partial<TrainConfig> & { figures: number[]; rates: number[] })[];
};

const config = trainConfigSchema.parse({ learningRate: 0.1, warmupSteps: 10, finalLearningRate: 0.01 });

describe('learningRateAt', () => {
  it('rises straight, is highest after the warm-up, and falls along a cosine to the share that is left', () => {
    const rate = (step: number): number => learningRateAt({ step, totalSteps: 110, figures: [] }, config);
    expect(rate(0)).toBeCloseTo(0.01);
    expect(rate(9)).toBeCloseTo(0.1);
    expect(rate(60)).toBeCloseTo((0.1 + 0.001) / 2);
    expect(rate(110)).toBeCloseTo(0.001);
  });

  it('stays where it is when the schedule is constant', () => {
    const constant = { ...config, schedule: 'constant' as const, warmupSteps: 0 };
    const rate = (step: number): number => learningRateAt({ step, totalSteps: 110, figures: [] }, constant);
    expect([0, 50, 109].map(rate)).toEqual([0.1, 0.1, 0.1]);
  });

  it.each(['cosine', 'oneCycle'] as const)('goes along %s as PyTorch does', (schedule) => {
    for (const { rates, totalSteps, ...options } of golden[schedule]) {
      const given = trainConfigSchema.parse({ ...options, schedule, learningRate: 0.2, warmupSteps: 0 });
      rates.forEach((rate, step) => {
        expect(learningRateAt({ step, totalSteps, figures: [] }, given)).toBeCloseTo(rate, 9);
      });
    }
  });

  it('falls on a plateau when PyTorch lets it fall, and to as much', () => {
    for (const { rates, figures, ...options } of golden.plateau) {
      const given = trainConfigSchema.parse({
        ...options,
        schedule: 'plateau',
        learningRate: 0.2,
        warmupSteps: 5,
      });
      rates.forEach((rate, place) => {
        const seen = { step: 6 + place, totalSteps: 100, figures: figures.slice(0, place + 1) };
        expect(learningRateAt(seen, given)).toBeCloseTo(rate, 9);
      });
    }
  });

  it('is never above the highest, nor at 0 before the end', () => {
    const shape = fc.record({
      schedule: fc.constantFrom('cosine', 'constant', 'plateau', 'oneCycle'),
      warmupSteps: fc.nat(30),
      oneCycleRise: fc.double({ min: 0, max: 1, noNaN: true }),
      totalSteps: fc.integer({ min: 1, max: 40 }),
      figures: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 }),
    });
    fc.assert(
      fc.property(shape, fc.nat(39), ({ totalSteps, figures, ...options }, place) => {
        const given = trainConfigSchema.parse(options);
        const step = Math.min(place, totalSteps - 1);
        const rate = learningRateAt({ step, totalSteps, figures }, given);
        expect(rate).toBeGreaterThan(0);
        expect(rate).toBeLessThanOrEqual(given.learningRate * (1 + 1e-12));
      }),
    );
  });
});
