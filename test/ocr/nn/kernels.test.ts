import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { batchNormTraining } from '../../../src/ocr/nn/batch-norm.js';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { conv2d, maxPool2d } from '../../../src/ocr/nn/layers.js';
import { bidirectionalGru } from '../../../src/ocr/nn/recurrent.js';
import { relativeError, seededTensor } from './support.js';
import fc, { runs } from '../../rig/fast-check.js';

const TOLERANCE = 1e-4;
const RUNS = { numRuns: runs(40) };

/** Values of the tensors that `compute` returns on a backend. */
async function valuesOn(backend: 'cpu' | 'wasm', compute: () => tf.Tensor[]): Promise<Float32Array[]> {
  await tf.setBackend(backend);
  return tf.tidy(compute).map((tensor) => {
    const values = tensor.dataSync<'float32'>();
    tensor.dispose();
    return values;
  });
}

/** Our kernels must say what tfjs's plain JavaScript backend says, and leave no tensor behind. */
async function expectAlike(compute: () => tf.Tensor[]): Promise<void> {
  const before = tf.memory().numTensors;
  const expected = await valuesOn('cpu', compute);
  const actual = await valuesOn('wasm', compute);
  expect(tf.memory().numTensors).toBe(before);
  actual.forEach((values, i) => {
    expect(relativeError(values, expected[i]!)).toBeLessThan(TOLERANCE);
  });
}

const size = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max });

describe('our kernels on wasm against plain JavaScript', () => {
  beforeAll(async () => {
    await openBackend('cpu');
    await openBackend('wasm');
  });

  it('multiply one row as they do among others, to the last bit', async () => {
    await tf.setBackend('wasm');
    const shape = fc.record({ rows: size(9), depth: size(600), columns: size(80), seed: fc.nat(1e6) });
    fc.assert(
      fc.property(shape, fc.boolean(), ({ rows, depth, columns, seed }, transposed) => {
        const bits = tf.tidy(() => {
          const a = seededTensor<tf.Rank.R2>([rows, depth], seed);
          const b = seededTensor<tf.Rank.R2>([depth, columns], seed + 1);
          const last = tf.slice(a, [rows - 1, 0]);
          const alone = transposed ? tf.matMul(tf.transpose(last), b, true) : tf.matMul(last, b);
          return [tf.slice(tf.matMul(a, b), [rows - 1, 0]), alone].map((each) => each.dataSync());
        });
        expect(bits[1]).toEqual(bits[0]);
      }),
      RUNS,
    );
  });

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
          await expectAlike(() => {
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

  it('multiply matrices in every transposition, with and without a batch axis', async () => {
    const shape = fc.record({
      ...{ rows: size(20), depth: size(300), columns: size(20), batch: size(3), seed: fc.nat(1e6) },
      ...{ transposeA: fc.boolean(), transposeB: fc.boolean(), shared: fc.boolean() },
    });
    await fc.assert(
      fc.asyncProperty(
        shape,
        async ({ rows, depth, columns, batch, seed, transposeA, transposeB, shared }) => {
          await expectAlike(() => {
            const a = seededTensor<tf.Rank.R3>(
              [batch, ...(transposeA ? [depth, rows] : [rows, depth])],
              seed,
            );
            const right = transposeB ? [columns, depth] : [depth, columns];
            const b = seededTensor<tf.Rank.R3>([shared ? 1 : batch, ...right], seed + 1);
            return [tf.matMul(a, b, transposeA, transposeB)];
          });
        },
      ),
      RUNS,
    );
  });

  it('pool with windows that touch, overlap or leave gaps, forward and backward', async () => {
    const shape = fc.record({
      ...{ batch: size(2), height: size(9), width: size(9), channels: size(9), seed: fc.nat(1e6) },
      ...{ windowHeight: size(3), windowWidth: size(3), down: size(3), across: size(3) },
    });
    await fc.assert(
      fc.asyncProperty(shape, async (item) => {
        fc.pre(item.height >= item.windowHeight && item.width >= item.windowWidth);
        await expectAlike(() => {
          const x = seededTensor<tf.Rank.R4>([item.batch, item.height, item.width, item.channels], item.seed);
          const layer = (a: tf.Tensor): tf.Tensor => {
            const window: [number, number] = [item.windowHeight, item.windowWidth];
            return tf.square(maxPool2d(a as tf.Tensor4D, window, [item.down, item.across]));
          };
          return [layer(x), tf.grad(layer)(x)];
        });
      }),
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
        await expectAlike(() => {
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

  it('scan a recurrent layer of any size and lengths, forward and backward', async () => {
    const shape = fc.record({
      ...{ batch: size(5), time: size(6), features: size(5), units: size(9), seed: fc.nat(1e6) },
      shares: fc.option(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 5, maxLength: 5 })),
    });
    await fc.assert(
      fc.asyncProperty(shape, async ({ batch, time, features, units, seed, shares }) => {
        const lengths = shares?.slice(0, batch).map((share) => Math.round(share * time));
        await expectAlike(() => {
          const inputs = [
            seededTensor([batch, time, features], seed),
            seededTensor([features, 6 * units], seed + 1),
            seededTensor([6 * units], seed + 2),
            seededTensor([2, units, 3 * units], seed + 3),
            seededTensor([2, 3 * units], seed + 4),
          ];
          const layer = (...values: tf.Tensor[]): tf.Tensor => {
            const [x, kernel, bias, recurrentKernel, recurrentBias] = values;
            const weights = { kernel, bias, recurrentKernel, recurrentBias };
            return tf.square(bidirectionalGru(x as tf.Tensor3D, weights as never, lengths));
          };
          return [layer(...inputs), ...tf.grads(layer)(inputs)];
        });
      }),
      RUNS,
    );
  });
});
