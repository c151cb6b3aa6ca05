import * as tf from '@tensorflow/tfjs-core';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import { beforeAll, describe, expect, it } from 'vitest';
import { crnnGraph } from '../../../src/ocr/export/crnn-graph.js';
import { tfjsFiles } from '../../../src/ocr/export/tfjs.js';
import type { Encoding } from '../../../src/ocr/models/quantisation.js';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { CONFIG, randomCrnn, randomImages } from './random-crnn.js';

/** The greatest difference of two arrays of one length. */
function difference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, index) => Math.max(most, Math.abs(value - b[index]!)), 0);
}

/** The logits of a network, and those that TensorFlow.js computes with its exported files. */
async function bothLogits(encoding: Encoding, steps: readonly number[]) {
  const { network, store, weights } = await randomCrnn();
  const { model, shards } = tfjsFiles(crnnGraph(CONFIG, weights), encoding, { name: 'test' });
  const handler = {
    load: () => {
      // As a browser gets it: through JSON.
      const { modelTopology, weightsManifest } = JSON.parse(JSON.stringify(model)) as tf.io.ModelJSON;
      const weightData = Uint8Array.from(Buffer.concat(shards.map(({ bytes }) => bytes))).buffer;
      return Promise.resolve({ modelTopology, weightSpecs: weightsManifest[0]!.weights, weightData });
    },
  };
  const loaded = await loadGraphModel(handler);
  const { values, shape } = randomImages(CONFIG, steps);
  const images = tf.tensor4d(values, shape);
  const logits = (await loaded.executeAsync({ images })) as tf.Tensor;
  const expected = network.read({ images, steps });
  const result = {
    shape: logits.shape,
    expectedShape: expected.shape,
    difference: difference(await logits.data<'float32'>(), await expected.data<'float32'>()),
  };
  tf.dispose([images, logits, expected]);
  loaded.dispose();
  store.dispose();
  return result;
}

describe('an exported TensorFlow.js model', () => {
  beforeAll(async () => {
    await openBackend('cpu');
  });

  it('gives the logits of the network, for any batch and width', async () => {
    for (const steps of [[9], [1], [6, 6, 6]]) {
      const { shape, expectedShape, difference: most } = await bothLogits('float32', steps);
      expect(shape).toEqual(expectedShape);
      expect(most).toBeLessThan(1e-5);
    }
  });

  it('stays close to them with weights of 16 and of 8 bits', async () => {
    const [half, int8] = [await bothLogits('float16', [9]), await bothLogits('int8', [9])];
    expect(half.difference).toBeLessThan(5e-3);
    expect(half.difference).toBeGreaterThan(0);
    expect(int8.difference).toBeLessThan(0.2);
    expect(int8.difference).toBeGreaterThan(half.difference);
  });
});
