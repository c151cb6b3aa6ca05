import { describe, expect, it } from 'vitest';
import { learningRateAt } from '../../../src/ocr/train/learning-rate.js';
import { trainConfigSchema } from '../../../src/ocr/train/train-config.js';

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
