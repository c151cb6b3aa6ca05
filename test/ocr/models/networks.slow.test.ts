import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { newRecogniser } from '../../../src/ocr/models/recogniser.js';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { Learner } from '../../../src/ocr/train/learner.js';
import { trainConfigSchema } from '../../../src/ocr/train/train-config.js';
import { alphabet, batchFor, LABELS, learn, read, WIDTHS_PX } from './noise-batch.js';
import { TINY_MODELS, tinyModel } from './tiny-models.js';

describe('networks', () => {
  beforeAll(() => openBackend('wasm'));

  it.each(Object.keys(TINY_MODELS))('leaves no tensor behind in 200 steps: %s', async (name) => {
    const before = tf.memory().numTensors;
    const model = newRecogniser(tinyModel(name), alphabet, 1);
    const learner = new Learner(model, trainConfigSchema.parse({}));
    await learner.step(batchFor(model, 0), 0.001);
    await read(model, WIDTHS_PX);
    const inUse = tf.memory().numTensors;
    for (let step = 1; step < 200; step += 1) await learner.step(batchFor(model, step), 0.001);
    await read(model, WIDTHS_PX);
    expect(tf.memory().numTensors).toBe(inUse);
    learner.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each(Object.keys(TINY_MODELS))('learns to read three images by heart: %s', async (name) => {
    const model = newRecogniser(tinyModel(name, { dropout: 0 }), alphabet, 1);
    const losses = await learn(model, 160, 0.02);
    expect(losses.at(-1)!).toBeLessThan(0.3 * losses[0]!);
    const readings = await read(model, WIDTHS_PX);
    expect(readings.map(({ labels }) => labels)).toEqual(LABELS);
    for (const { labels, confidences, confidence } of readings) {
      expect(confidences).toHaveLength(labels.length);
      expect(confidence).toBeGreaterThan(0.3);
      expect(confidence).toBeLessThanOrEqual(1);
    }
    model.network.dispose();
  });
});
