import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { randomFrom } from '../../../src/base/random.js';
import type { Pixels } from '../../../src/ocr/images/load.js';
import { CtcNetwork } from '../../../src/ocr/models/ctc-network.js';
import { batchArray, toImageBatch } from '../../../src/ocr/models/image-batch.js';
import {
  imageFit,
  modelConfigSchema,
  inputExtent,
  type ModelConfig,
} from '../../../src/ocr/models/model-config.js';
import { newNetwork } from '../../../src/ocr/models/new-network.js';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import fc, { runs } from '../../rig/fast-check.js';

function config(changes: Record<string, unknown> = {}): ModelConfig {
  return modelConfigSchema.parse({ height: 16, filters: [4, 6], innerDim: 10, units: 8, ...changes });
}

function noise(widthPx: number, heightPx: number, channels: 1 | 3 = 1): Pixels {
  const random = randomFrom(widthPx, 'noise');
  const data = Uint8Array.from({ length: widthPx * heightPx * channels }, () => random.below(256));
  return { data, widthPx, heightPx, channels };
}

/** Logits of one item, only the steps that count. */
async function read(
  network: CtcNetwork,
  images: Pixels[],
  of: ModelConfig,
  item: number,
): Promise<Float32Array> {
  const batch = toImageBatch(batchArray(images, of));
  const logits = network.body.read(batch);
  const [, time, classes] = logits.shape;
  const values = (await logits.data<'float32'>()).slice(
    item * time * classes,
    (item * time + batch.steps[item]!) * classes,
  );
  tf.dispose([logits, batch.images]);
  return values;
}

beforeAll(async () => {
  await openBackend('cpu');
});

function newCrnn(of: ModelConfig, classes: number, seed: number): CtcNetwork {
  const network = newNetwork(of, classes, seed);
  if (network instanceof CtcNetwork) return network;
  throw new Error('a crnn reads with CTC');
}

describe('Crnn', () => {
  it('has as many weights as its layers say', () => {
    const network = newCrnn(config(), 12, 1);
    const convolutions = 9 * 1 * 4 + 2 * 4 + 9 * 4 * 6 + 2 * 6;
    const inner = 4 * 6 * 10 + 10; // height 16 -> 8 -> 4
    const gru = 2 * (10 * 24 + 24 + 8 * 24 + 24);
    const output = 16 * 12 + 12;
    expect(network.variables.parameterCount()).toBe(convolutions + inner + gru + output);
    network.dispose();
  });

  it('gives one row of logits for each widthStride pixels, at every height that lines have', () => {
    for (const height of [24, 32, 48, 64]) {
      const of = config({ height, filters: [2, 2, 2], channels: 3 });
      const network = newCrnn(of, 5, 1);
      const batch = toImageBatch(batchArray([noise(30, height, 3)], of));
      const logits = network.body.read(batch);
      expect(logits.shape).toEqual([1, 8, 5]);
      tf.dispose([logits, batch.images]);
      network.dispose();
    }
  });

  it('gives as many time steps as announced for every accepted choice of blocks, height and stride', () => {
    const choice = fc.record({
      height: fc.integer({ min: 8, max: 40 }),
      filters: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 5 }),
      convolutions: fc.integer({ min: 1, max: 2 }),
      widthStride: fc.constantFrom(1, 2, 4, 8),
    });
    const widths = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(choice, widths, (sizes, widthsPx) => {
        const of = modelConfigSchema.safeParse({ innerDim: 8, units: 8, ...sizes }).data;
        fc.pre(of !== undefined);
        const network = newCrnn(of, 3, 1);
        const batch = toImageBatch(
          batchArray(
            widthsPx.map((widthPx) => noise(widthPx, of.height)),
            of,
          ),
        );
        const logits = network.body.read(batch);
        const steps = widthsPx.map((widthPx) => inputExtent(of, widthPx).steps);
        expect([logits.shape[1], batch.steps]).toEqual([Math.max(...steps), steps]);
        tf.dispose([logits, batch.images]);
        network.dispose();
      }),
      { numRuns: runs(60) },
    );
  });

  it('reads an image the same alone and beside wider ones', async () => {
    const of = config({ convolutions: 2, depth: 2 });
    const network = newCrnn(of, 7, 3);
    const image = noise(22, 16);
    const alone = await read(network, [image], of, 0);
    const beside = await read(network, [noise(61, 16), image, noise(40, 16)], of, 1);
    expect(beside).toHaveLength(alone.length);
    alone.forEach((value, index) => {
      expect(Math.abs(beside[index]! - value)).toBeLessThan(1e-5);
    });
    network.dispose();
  });

  it('depends on its seed alone', async () => {
    const weights = async (seed: number): Promise<string> => {
      const network = newCrnn(config(), 5, seed);
      const arrays = await network.variables.read();
      network.dispose();
      return JSON.stringify(arrays.map(({ values }) => Array.from(values)));
    };
    expect(await weights(1)).toBe(await weights(1));
    expect(await weights(1)).not.toBe(await weights(2));
  });

  it('leaves no tensor behind', async () => {
    const of = config();
    const before = tf.memory().numTensors;
    const network = newCrnn(of, 5, 1);
    await read(network, [noise(22, 16), noise(30, 16)], of, 0);
    network.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('modelConfigSchema', () => {
  it('takes enough blocks to halve the width down to widthStride, and refuses fewer', () => {
    const accepted = (filters: number[], widthStride: number): boolean =>
      modelConfigSchema.safeParse({ filters, widthStride }).success;
    expect([accepted([8], 2), accepted([16, 32], 4), accepted([8, 8, 8], 8)]).toEqual([true, true, true]);
    expect([accepted([8], 4), accepted([16, 32], 8), accepted([], 1)]).toEqual([false, false, false]);
  });

  it('keeps images as wide as they are with pad, which takes no width', () => {
    expect(imageFit(config({ fit: 'pad' }))).toEqual({ mode: 'pad', heightPx: 16 });
    expect(modelConfigSchema.safeParse({ fit: 'pad', width: 20 }).success).toBe(false);
    expect(imageFit(config({ fit: 'stretch', width: 20 })).widthPx).toBe(20);
  });
});
