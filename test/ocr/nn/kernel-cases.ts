import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import type { BackendName } from '../../../src/ocr/nn/backend.js';
import { batchNormTraining } from '../../../src/ocr/nn/batch-norm.js';
import { conv2d } from '../../../src/ocr/nn/layers.js';
import { relativeError, seededTensor } from './support.js';
import fc, { runs } from '../../rig/fast-check.js';

const TOLERANCE = 1e-4;
export const RUNS = { numRuns: runs(40) };

export const size = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max });

/** Values of the tensors that `compute` returns on a backend. */
async function valuesOn(backend: BackendName, compute: () => tf.Tensor[]): Promise<Float32Array[]> {
  await tf.setBackend(backend);
  return Promise.all(
    tf.tidy(compute).map(async (tensor) => {
      const values = await tensor.data<'float32'>();
      tensor.dispose();
      return values;
    }),
  );
}

/** Kernels of ours on one backend must say what another one says, and leave no tensor behind. */
export async function expectAlike(
  ours: BackendName,
  reference: BackendName,
  compute: () => tf.Tensor[],
): Promise<void> {
  const before = tf.memory().numTensors;
  const expected = await valuesOn(reference, compute);
  const actual = await valuesOn(ours, compute);
  expect(tf.memory().numTensors).toBe(before);
  actual.forEach((values, i) => {
    expect(relativeError(values, expected[i]!)).toBeLessThan(TOLERANCE);
  });
}

/** Layers that are one kernel each, forward and backward. Both backends must be open. */
export function layerCases(ours: BackendName, reference: BackendName): void {
  it('convolve with any size, channels and padding, forward and backward', async () => {
    const shape = fc.record({
      ...{ batch: size(3), height: size(13), width: size(13), inputs: size(13), outputs: size(13) },
      ...{
        filter: fc.constantFrom([3, 3], [3, 3], [1, 1], [5, 3], [2, 4]),
        relu: fc.boolean(),
        seed: fc.nat(1e6),
      },
      padding: fc.constantFrom<('same' | 'valid')[]>('same', 'valid'),
    });
    await fc.assert(
      fc.asyncProperty(
        shape,
        async ({ batch, height, width, inputs, outputs, filter, relu, seed, padding }) => {
          fc.pre(padding === 'same' || (height >= filter[0] && width >= filter[1]));
          await expectAlike(ours, reference, () => {
            const x = seededTensor<tf.Rank.R4>([batch, height, width, inputs], seed);
            const weights = seededTensor<tf.Rank.R4>([...filter, inputs, outputs], seed + 1);
            const bias = seededTensor<tf.Rank.R1>([outputs], seed + 2);
            const layer = (a: tf.Tensor, b: tf.Tensor, c: tf.Tensor): tf.Tensor => {
              const options = {
                bias: c as tf.Tensor1D,
                padding,
                activation: relu ? 'relu' : 'none',
              } as const;
              return tf.square(conv2d(a as tf.Tensor4D, b as tf.Tensor4D, options));
            };
            return [layer(x, weights, bias), ...tf.grads(layer)([x, weights, bias])];
          });
        },
      ),
      RUNS,
    );
  });

  it('normalise any number of channels and columns, forward and backward', async () => {
    const shape = fc.record({
      ...{ height: fc.integer({ min: 3, max: 40 }), width: size(5), channels: size(40), relu: fc.boolean() },
      columns: fc.option(fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 2 })),
      seed: fc.nat(1e6),
    });
    await fc.assert(
      fc.asyncProperty(shape, async ({ height, width, channels, relu, columns, seed }) => {
        const counts = columns?.map((count) => Math.min(count, width));
        await expectAlike(ours, reference, () => {
          const x = seededTensor<tf.Rank.R4>([2, height, width, channels], seed);
          const gamma = seededTensor<tf.Rank.R1>([channels], seed + 1);
          const beta = seededTensor<tf.Rank.R1>([channels], seed + 2);
          const layer = (a: tf.Tensor, b: tf.Tensor, c: tf.Tensor): tf.Tensor => {
            const weights = { gamma: b as tf.Tensor1D, beta: c as tf.Tensor1D };
            const options = { activation: relu ? 'relu' : 'none', columns: counts } as const;
            const { outputs } = batchNormTraining(a as tf.Tensor4D, weights, options);
            return tf.mul(outputs, seededTensor(outputs.shape, seed + 3));
          };
          return [layer(x, gamma, beta), ...tf.grads(layer)([x, gamma, beta])];
        });
      }),
      RUNS,
    );
  });
}
