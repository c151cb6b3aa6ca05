import * as tf from '@tensorflow/tfjs-core';
import { randomFrom } from '../../../src/base/random.js';
import { Crnn } from '../../../src/ocr/models/crnn.js';
import { crnnConfigSchema, type CrnnConfig } from '../../../src/ocr/models/crnn-config.js';
import { VariableStore, type NamedArray } from '../../../src/ocr/models/variables.js';

/** A small network with all that a `crnn` can have twice: convolutions in a block, recurrent layers. */
export const CONFIG = crnnConfigSchema.parse({
  height: 16,
  filters: [6, 8],
  convolutions: 2,
  widthStride: 2,
  innerDim: 12,
  units: 8,
  depth: 2,
});
export const CLASSES = 5;

/** A network whose every weight, averages of normalisation included, is drawn at random, and those weights. */
export async function randomCrnn(
  config: CrnnConfig = CONFIG,
): Promise<{ network: Crnn; store: VariableStore; weights: NamedArray[] }> {
  const store = new VariableStore(1);
  const network = new Crnn(store, config, CLASSES);
  const random = randomFrom('export');
  const weights = (await store.read()).map(({ name, shape, values }) => {
    const spread = name.includes('variance') ? [0.5, 1] : [-0.6, 1.2];
    return { name, shape, values: values.map(() => spread[0]! + spread[1]! * random.uniform()) };
  });
  store.write(weights);
  return { network, store, weights };
}

/** Images [batch, height, width, channels] of random pixels, -1 to 1, and 0 beyond each image's steps. */
export function randomImages(
  config: CrnnConfig,
  steps: readonly number[],
): { values: Float32Array; shape: [number, number, number, number] } {
  const random = randomFrom('images');
  const width = Math.max(...steps) * config.widthStride;
  const shape: [number, number, number, number] = [steps.length, config.height, width, config.channels];
  const values = new Float32Array(tf.util.sizeFromShape(shape));
  values.forEach((_, index) => {
    const column = Math.floor(index / config.channels) % width;
    const item = Math.floor(index / (config.channels * width * config.height));
    if (column < steps[item]! * config.widthStride) values[index] = 2 * random.uniform() - 1;
  });
  return { values, shape };
}
