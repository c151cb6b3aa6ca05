import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { randomFrom } from '../../../src/base/random.js';
import { graphOf } from '../../../src/ocr/export/graph-of.js';
import { tfjsFiles, type TfjsFiles } from '../../../src/ocr/export/tfjs.js';
import { batchArray } from '../../../src/ocr/models/image-batch.js';
import { CtcNetwork } from '../../../src/ocr/models/ctc-network.js';
import type { ModelConfig } from '../../../src/ocr/models/model-config.js';
import type { ImageBatch, Network } from '../../../src/ocr/models/network.js';
import { newNetwork } from '../../../src/ocr/models/new-network.js';
import type { Encoding } from '../../../src/ocr/models/quantisation.js';
import type { NamedArray } from '../../../src/ocr/models/variables.js';
import { decodeWeights, encodeWeights } from '../../../src/ocr/models/weights-file.js';
import { noiseFor } from '../models/tiny-models.js';

export const CLASSES = 5;

/** A network whose every weight, averages of normalisation included, is drawn at random, and those weights. */
export async function randomModel(config: ModelConfig): Promise<{ network: Network; weights: NamedArray[] }> {
  const network = newNetwork(config, CLASSES, 1);
  const random = randomFrom('export');
  const weights = (await network.variables.read()).map(({ name, shape, values }) => {
    const spread = name.includes('variance') ? [0.5, 1] : [-0.6, 1.2];
    return { name, shape, values: values.map(() => spread[0]! + spread[1]! * random.uniform()) };
  });
  network.variables.write(weights);
  return { network, weights };
}

/** The files by which TensorFlow.js reads some weights, kept so, and the bytes of those. */
export function tfjsOf(
  config: ModelConfig,
  weights: readonly NamedArray[],
  encoding: Encoding,
): TfjsFiles & { file: string; bytes: Buffer } {
  const { bytes, tensors } = encodeWeights(weights, encoding);
  const file = 'weights.bin';
  return { ...tfjsFiles(graphOf(config, weights), { file, tensors }, { name: 'test' }), file, bytes };
}

/** The weights as a model folder of this encoding would hold them. */
export function keptAs(weights: readonly NamedArray[], encoding: Encoding): NamedArray[] {
  const { bytes, tensors } = encodeWeights(weights, encoding);
  return decodeWeights(bytes, tensors);
}

/** A batch of images of noise, so many pixels wide; a model of one width gives them that. */
export function noiseBatch(config: ModelConfig, widthsPx: readonly number[]) {
  return batchArray(
    widthsPx.map((widthPx) => noiseFor(config, widthPx)),
    config,
  );
}

/**
 * The greatest difference between what a network computes for a batch and the logits that another program did, each image up to its
 * end: of logits with CTC, of logarithms of the characters' probabilities with attention, where the characters must be the same.
 */
export async function greatestDifference(
  network: Network,
  { values, shape, steps }: ReturnType<typeof noiseBatch>,
  exported: { logits: Float32Array; shape: readonly number[] },
): Promise<number> {
  const batch: ImageBatch = { images: tf.tensor4d(values, shape), steps };
  try {
    return network instanceof CtcNetwork
      ? await ofLogits(network, batch, exported)
      : await ofReadings(network, batch, exported);
  } finally {
    batch.images.dispose();
  }
}

type Exported = Parameters<typeof greatestDifference>[2];

async function ofLogits(
  network: CtcNetwork,
  batch: ImageBatch,
  { logits, shape }: Exported,
): Promise<number> {
  const own = tf.tidy(() => network.body.read(batch));
  const expected = await own.data<'float32'>();
  expect(shape).toEqual(own.shape);
  own.dispose();
  const [, time, classes] = own.shape;
  return logits.reduce((most, value, index) => {
    const step = Math.floor(index / classes) % time;
    if (step >= batch.steps[Math.floor(index / (classes * time))]!) return most;
    return Math.max(most, Math.abs(value - expected[index]!));
  }, 0);
}

async function ofReadings(network: Network, batch: ImageBatch, { logits, shape }: Exported): Promise<number> {
  const expected = await network.read(batch, { type: 'attention', beam: 1 });
  const scores = { values: logits, shape: shape as [number, number, number], steps: batch.steps };
  const readings = network.greedyReadings(scores);
  expect(readings.map(({ labels }) => labels)).toEqual(expected.map(({ labels }) => labels));
  const differences = readings.flatMap(({ confidences }, item) =>
    confidences.map((value, place) => Math.abs(Math.log(value / expected[item]!.confidences[place]!))),
  );
  return Math.max(0, ...differences);
}
