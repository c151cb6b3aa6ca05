import { expect, it } from 'vitest';
import type { OcrpipeEvent } from '../../../src/base/events.js';
import { progressMeter } from '../../../src/ocr/train/progress-meter.js';
import type { TrainingBatch } from '../../../src/ocr/train/training-batches.js';

it('the progress line has time left, CER, loss, epoch, speed, device and exact lines, the most wanted first', () => {
  const told: OcrpipeEvent[] = [];
  const meter = progressMeter({
    totalSteps: 50,
    firstStep: 9,
    earlier: undefined,
    device: 'wasm',
    events: (event) => told.push(event),
  });
  const samples = [{ text: 'abcd' }, { text: 'ab' }] as TrainingBatch['samples'];
  const result = { loss: 0.25, texts: ['abxd', 'ab'], gradientNorm: 1 };
  meter.record({ step: 9, epoch: 2, samples, parts: [] }, result, 5);
  expect(told).toEqual([
    {
      type: 'progress',
      key: 'train',
      done: 10,
      total: 50,
      unit: 'steps',
      detail: expect.stringMatching(
        /^[\d:]+(?: s)? left, CER 16\.7 %, loss 0\.250, epoch 3, \d+ images\/s, wasm, exact 50\.0 %$/,
      ) as string,
    },
  ]);
});
