import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { noEvents } from '../../../src/base/events.js';
import { readDescription } from '../../../src/ocr/models/model-description.js';
import { openReader } from '../../../src/ocr/models/chosen-decoder.js';
import { readModelFolder } from '../../../src/ocr/models/model-folder.js';
import { listImages } from '../../../src/ocr/predict/list-images.js';
import { predictFiles } from '../../../src/ocr/predict/predict-files.js';
import { paramsSchema, type TrainingSettings } from '../../../src/ocr/train/train-config.js';
import { train } from '../../../src/ocr/train/train.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { TINY_MODELS } from '../models/tiny-models.js';
import { drawnLines } from './drawn-lines.js';
import { curve, job, LABELS, modelBytes, stopAfterOneStep } from './training-jobs.js';

const names = Object.keys(TINY_MODELS);

function settings(name: string, epochs: number): TrainingSettings {
  return paramsSchema.parse({
    model: {
      ...TINY_MODELS[name],
      ...(TINY_MODELS[name]?.['widthStride'] === undefined ? { widthStride: 2 } : {}),
    },
    train: { batchSize: 4, learningRate: 0.01, warmupSteps: 2, epochs, averaging: 0.9 },
    augment: { noise: 10, shift: 0.1 },
  });
}

describe('train, for each type of model', () => {
  it.each(names)(
    'goes on after a stop bit for bit, and is read from its folder with the same figures: %s',
    async (name) => {
      const options = { settings: settings(name, 3) };
      const whole = temporaryFolder();
      const { metrics } = await train(job(whole, await drawnLines(whole, 'lines', LABELS), options));

      const parts = temporaryFolder();
      const again = job(parts, await drawnLines(parts, 'lines', LABELS), options);
      for (let stops = 0; stops < 3; stops += 1) {
        await expect(train({ ...again, ...stopAfterOneStep() })).rejects.toThrow('stopped by the test');
      }
      expect(await train(again)).toMatchObject({ resumedFrom: 3, metrics });
      expect(modelBytes(parts)).toBe(modelBytes(whole));
      expect(curve(parts)).toEqual(curve(whole));

      const { recogniser } = readModelFolder(join(whole, 'model'));
      const images = listImages([join(whole, 'images')], whole);
      const { predictions } = await predictFiles(recogniser, images, { events: noEvents });
      recogniser.network.dispose();
      const exact = predictions.filter(({ text }, index) => text === LABELS[index]).length / LABELS.length;
      expect(exact).toBe(metrics.exact);
    },
  );

  it('keeps the length of the longest label with a model that writes, and how it is decoded', async () => {
    const folder = temporaryFolder();
    const options = { ...settings('attention by Luong', 1), decoder: { beam: 3 } };
    const model = { ...options.model, maxLength: undefined } as never;
    await train(job(folder, await drawnLines(folder, 'lines', LABELS), { settings: { ...options, model } }));
    expect(readDescription(join(folder, 'model'))).toMatchObject({
      model: { type: 'attention', maxLength: 4 },
      decoder: { type: 'attention', beam: 3 },
    });
  });

  it('holds what a model writes to the pattern that it was trained with', async () => {
    const folder = temporaryFolder();
    const options = { ...settings('attention by Luong', 1), decoder: { pattern: '[a-f]{3}' } };
    const { metrics } = await train(
      job(folder, await drawnLines(folder, 'lines', LABELS), { settings: options }),
    );
    expect(readDescription(join(folder, 'model')).decoder).toEqual({
      type: 'attention',
      beam: 10,
      pattern: '[a-f]{3}',
    });
    const reader = openReader(join(folder, 'model'));
    const images = listImages(
      LABELS.map((_, index) => `images/lines-${index}.png`),
      folder,
    );
    const { predictions } = await predictFiles(reader, images, { events: noEvents });
    reader.network.dispose();
    for (const { text } of predictions) expect(text).toMatch(/^[a-f]{3}$/);
    const exact = predictions.filter(({ text }, index) => text === LABELS[index]).length / LABELS.length;
    expect(exact).toBe(metrics.exact);
  });

  it.each([
    [
      'fcnn-lstm',
      { outputLength: 4 },
      ":1: the label 'abba' of images/lines-0.png needs 5 steps, the model gives 4",
      'model.outputLength',
    ],
    [
      'attention by Bahdanau',
      { maxLength: 3 },
      ":1: the label 'abba' of images/lines-0.png needs 4 steps, the model gives 3",
      'model.maxLength',
    ],
  ])('names a label that does not fit and the key to change: %s', async (name, changes, message, key) => {
    const folder = temporaryFolder();
    const options = settings(name, 1);
    const model = { ...options.model, ...changes } as never;
    const manifest = await drawnLines(folder, 'lines', LABELS);
    await expect(train(job(folder, manifest, { settings: { ...options, model } }))).rejects.toMatchObject({
      code: 'label-too-long',
      message: expect.stringContaining(message) as string,
      hint: expect.stringContaining(key) as string,
    });
  });
});
