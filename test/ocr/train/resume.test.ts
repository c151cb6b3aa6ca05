import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDescription } from '../../../src/ocr/models/model-description.js';
import { train } from '../../../src/ocr/train/train.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { drawnLines } from './drawn-lines.js';
import { curve, job, LABELS, modelBytes, settings, stopAfterOneStep } from './training-jobs.js';

const SHORT = { maxSteps: 7, evaluateSteps: 1, averaging: 0.9 };

describe('a training that was stopped', () => {
  it.each([
    { optimizer: 'adam', amsgrad: true, schedule: 'oneCycle', weightDecayMode: 'l2' },
    { optimizer: 'sgd', nesterov: true, schedule: 'plateau', plateauPatience: 0, warmupSteps: 1 },
    { optimizer: 'sgd', momentum: 0, clipValue: 0.1, balance: 3, batchPixels: 130 },
    { optimizer: 'adam', stepsPerEpoch: 3, batchSize: 3, balance: 2 },
  ])('goes on as if it had never stopped, bit for bit, with %j', async (options) => {
    const trained = settings({ train: { ...SHORT, ...options }, augment: { noise: 10 } });
    const changes = (folder: string) => ({
      settings: trained,
      last: join(folder, 'last'),
      samples: join(folder, 'samples.jsonl'),
    });
    const whole = temporaryFolder();
    await train(job(whole, await drawnLines(whole, 'lines', LABELS), changes(whole)));

    const parts = temporaryFolder();
    const again = job(parts, await drawnLines(parts, 'lines', LABELS), changes(parts));
    for (let stops = 0; stops < 5; stops += 1) {
      await expect(train({ ...again, ...stopAfterOneStep() })).rejects.toThrow('stopped by the test');
    }
    expect(existsSync(join(parts, 'model'))).toBe(false);
    expect((await train(again)).resumedFrom).toBe(5);
    expect(modelBytes(parts)).toBe(modelBytes(whole));
    expect(curve(parts)).toEqual(curve(whole));
    expect(modelBytes(parts, 'last')).toBe(modelBytes(whole, 'last'));
    const lines = (folder: string): string[] =>
      readFileSync(join(folder, 'samples.jsonl'), 'utf8').replaceAll(folder, '').trim().split('\n');
    expect(lines(parts)).toEqual(lines(whole));
    expect(lines(whole)).toHaveLength(7 * 5);
    expect(JSON.parse(lines(whole)[0]!)).toEqual({
      step: 1,
      image: expect.stringContaining('lines-0.png') as unknown,
      expected: 'abba',
      read: expect.any(String) as unknown,
    });
    expect(readDescription(join(parts, 'last')).training.step).toBe(7);
  });

  it('had a learning rate that fell where the validations got no better', async () => {
    const folder = temporaryFolder();
    const options = { ...SHORT, schedule: 'plateau', plateauPatience: 0, warmupSteps: 0, learningRate: 1e-9 };
    const changes = { settings: settings({ train: options }) };
    await train(job(folder, await drawnLines(folder, 'lines', LABELS), changes));
    const rates = curve(folder).map(({ learningRate }) => learningRate / 1e-9);
    rates.forEach((rate, place) => {
      expect(rate).toBeCloseTo(place === 0 ? 1 : 0.5 ** (place - 1), 6);
    });
  });
});
