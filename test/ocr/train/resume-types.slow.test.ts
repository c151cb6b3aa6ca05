import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { paramsSchema } from '../../../src/ocr/train/train-config.js';
import { train } from '../../../src/ocr/train/train.js';
import type { TrainingJob } from '../../../src/ocr/train/training-job.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { TINY_MODELS } from '../models/tiny-models.js';
import { drawnLines } from './drawn-lines.js';
import { curve, job, LABELS, modelBytes, stopAfterOneStep } from './training-jobs.js';

const OPTIMISERS = {
  'Adam with AMSGrad': { optimizer: 'adam', amsgrad: true, averaging: 0.9 },
  'SGD with momentum': { optimizer: 'sgd', nesterov: true, learningRate: 0.05, schedule: 'oneCycle' },
};
const CASES = (['wasm', 'cpu'] as const).flatMap((backend) =>
  Object.keys(TINY_MODELS).flatMap((name) =>
    Object.entries(OPTIMISERS).map(([optimiser, options]) => ({ name, optimiser, backend, options })),
  ),
);

describe('every type of model with every optimiser, on every backend that promises it', () => {
  it.each(CASES)(
    'goes on after a stop bit for bit: $name, $optimiser, $backend',
    async ({ name, backend, options }) => {
      const model = { widthStride: 2, ...TINY_MODELS[name] };
      const learning = { batchSize: 4, warmupSteps: 2, epochs: 2, evaluateSteps: 1, ...options };
      const settings = paramsSchema.parse({ model, train: learning, augment: { noise: 10, shift: 0.1 } });
      const changes = (folder: string): Partial<TrainingJob> => ({
        settings,
        backend,
        last: join(folder, 'last'),
      });
      const whole = temporaryFolder();
      await train(job(whole, await drawnLines(whole, 'lines', LABELS), changes(whole)));
      const parts = temporaryFolder();
      const again = job(parts, await drawnLines(parts, 'lines', LABELS), changes(parts));
      for (let stops = 0; stops < 2; stops += 1)
        await expect(train({ ...again, ...stopAfterOneStep() })).rejects.toThrow('stopped by the test');
      expect((await train(again)).resumedFrom).toBe(2);
      expect(curve(parts)).toEqual(curve(whole));
      expect(modelBytes(parts)).toBe(modelBytes(whole));
      expect(modelBytes(parts, 'last')).toBe(modelBytes(whole, 'last'));
    },
  );
});
