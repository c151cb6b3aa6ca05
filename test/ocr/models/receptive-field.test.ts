import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { blockShapes } from '../../../src/ocr/models/block-shapes.js';
import { ConvolutionBlocks } from '../../../src/ocr/models/convolution-blocks.js';
import type { ModelConfig } from '../../../src/ocr/models/model-config.js';
import { Pass } from '../../../src/ocr/models/pass.js';
import { receptiveFieldPx } from '../../../src/ocr/models/receptive-field.js';
import { SeparableStages } from '../../../src/ocr/models/separable-stages.js';
import { VariableStore } from '../../../src/ocr/models/variables.js';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { tinyModel } from './tiny-models.js';

const WIDTH = 128;

beforeAll(async () => {
  await openBackend('cpu');
});

function convolutions(store: VariableStore, config: ModelConfig): ConvolutionBlocks | SeparableStages {
  return config.type === 'mixer'
    ? new SeparableStages(store, config)
    : new ConvolutionBlocks(store, blockShapes(config), config);
}

/** How many columns of an image, one white at a time, change a column in the middle behind the convolutions. */
async function columnsSeen(config: ModelConfig): Promise<number> {
  const store = new VariableStore(1);
  const network = convolutions(store, config);
  // No weight is negative: no rectifier or pooling hides a white column.
  const weights = await store.read();
  store.write(
    weights.map((weight) => ({ ...weight, values: weight.values.map((value) => Math.abs(value)) })),
  );
  const images = tf.tensor4d(
    Array.from({ length: WIDTH + 1 }, (_, item) =>
      Array.from({ length: config.height }, () =>
        Array.from({ length: WIDTH }, (_unused, column) => [column === item ? 1 : 0]),
      ),
    ),
  );
  const steps = new Array<number>(WIDTH + 1).fill(WIDTH / config.widthStride);
  const result = tf.tidy(() => network.apply(images, steps, new Pass(images)));
  const rows = tf.tidy(() => tf.sum(result, [1, 3]).arraySync()) as number[][];
  tf.dispose([images, result]);
  store.dispose();
  const middle = WIDTH / config.widthStride / 2;
  // The last image is black.
  return rows.filter((row) => row[middle] !== rows[WIDTH]![middle]).length;
}

it.each([
  ['crnn with GRU', { filters: [3, 4, 4, 4] }],
  ['crnn with LSTM', { filters: [3, 4], convolutions: 2, widthStride: 2 }],
  ['fcnn-lstm', {}],
  ['mixer', { filters: [3, 4, 4], blocks: [0, 1, 2], kernelSize: 5 }],
])('a column sees as many pixels as are counted: %s', async (name, changes) => {
  const config = tinyModel(name, changes);
  expect(await columnsSeen(config)).toBe(receptiveFieldPx(config));
});
