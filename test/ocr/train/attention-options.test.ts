import { describe, expect, it } from 'vitest';
import { train } from '../../../src/ocr/train/train.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { TINY_MODELS } from '../models/tiny-models.js';
import { drawnLines } from './drawn-lines.js';
import { curve, job, LABELS, settings } from './training-jobs.js';

/** The losses of the first steps of a model that writes. */
async function losses(model: object, options: object = {}): Promise<number[]> {
  const folder = temporaryFolder();
  const manifest = await drawnLines(folder, 'lines', LABELS);
  const trained = settings({
    model: { ...TINY_MODELS['attention by Bahdanau'], widthStride: 4, ...model },
    train: { maxSteps: 3, evaluateSteps: 1, ...options },
  });
  await train(job(folder, manifest, { settings: trained }));
  return curve(folder).map(({ loss }) => loss);
}

describe('a model that writes', () => {
  it('learns from its own letters as often as scheduledSampling says, more and more until samplingSteps', async () => {
    const taught = await losses({ scheduledSampling: 0 });
    const alone = await losses({ scheduledSampling: 1, samplingSteps: 0 });
    const later = await losses({ scheduledSampling: 1, samplingSteps: 2000 });
    expect(alone[0]).not.toBe(taught[0]);
    expect(later[0]).toBe(taught[0]);
  });

  it('has a smoothed loss where labelSmoothing asks for it', async () => {
    const [plain, smoothed] = [await losses({}), await losses({}, { labelSmoothing: 0.3 })];
    expect(smoothed[0]).not.toBe(plain[0]);
  });
});
