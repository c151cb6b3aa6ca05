import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import type { Optimiser } from '../../../src/ocr/nn/optimiser.js';
import { newOptimiser } from '../../../src/ocr/train/new-optimiser.js';
import { trainConfigSchema } from '../../../src/ocr/train/train-config.js';
import { backendsUnderTest, readGolden, relativeError } from './support.js';

type Values = Record<string, number[]>;

interface GoldenOptimisers {
  starts: Values;
  shapes: Values;
  gradients: Values[];
  learningRates: number[];
  optimisers: ({ end: Values } & Record<string, unknown>)[];
}

const golden = readGolden('optimisers.json') as GoldenOptimisers;

function optimiserOf({ end: _end, ...options }: GoldenOptimisers['optimisers'][number]): Optimiser {
  const neutral = { weightDecay: 0, momentum: 0, clipNorm: 1e9 };
  return newOptimiser(trainConfigSchema.parse({ ...neutral, ...options }));
}

function tensors(values: Values): Record<string, tf.Tensor> {
  const made = Object.entries(values).map(([name, list]) => [name, tf.tensor(list, golden.shapes[name])]);
  return Object.fromEntries(made) as Record<string, tf.Tensor>;
}

function variables(): Record<string, tf.Variable> {
  const made = Object.entries(tensors(golden.starts)).map(([name, start]) => {
    const weight = tf.variable(start);
    start.dispose();
    return [name, weight];
  });
  return Object.fromEntries(made) as Record<string, tf.Variable>;
}

async function steps(
  optimiser: Optimiser,
  weights: Record<string, tf.Variable>,
  from: number,
  to: number,
): Promise<void> {
  for (let step = from; step < to; step += 1) {
    const gradients = tensors(golden.gradients[step]!);
    await optimiser.apply(weights, gradients, golden.learningRates[step]!);
    tf.dispose(gradients);
  }
}

for (const { name, skip } of backendsUnderTest()) {
  describe.skipIf(skip)(`optimisers on ${name}${skip === undefined ? '' : ` (${skip})`}`, () => {
    beforeAll(() => openBackend(name));

    it.each(golden.optimisers.map((item) => [JSON.stringify({ ...item, end: undefined }), item] as const))(
      'move weights over eight steps as PyTorch does: %s',
      async (_, item) => {
        const before = tf.memory().numTensors;
        const optimiser = optimiserOf(item);
        const weights = variables();
        await steps(optimiser, weights, 0, golden.gradients.length);
        for (const [weight, end] of Object.entries(item.end))
          expect(relativeError(await weights[weight]!.data(), end)).toBeLessThan(1e-4);
        optimiser.dispose();
        tf.dispose(weights);
        expect(tf.memory().numTensors).toBe(before);
      },
    );

    it.each(golden.optimisers.map((item) => [JSON.stringify({ ...item, end: undefined }), item] as const))(
      'go on from a saved memory bit for bit: %s',
      async (_, item) => {
        const [whole, first, second] = [optimiserOf(item), optimiserOf(item), optimiserOf(item)];
        const [unbroken, broken] = [variables(), variables()];
        await steps(whole, unbroken, 0, 8);
        await steps(first, broken, 0, 3);
        second.restore(structuredClone(await first.state()), broken);
        first.dispose();
        await steps(second, broken, 3, 8);
        for (const [weight, values] of Object.entries(unbroken))
          expect([...(await broken[weight]!.data())]).toEqual([...(await values.data())]);
        whole.dispose();
        second.dispose();
        tf.dispose([unbroken, broken]);
      },
    );
  });
}
