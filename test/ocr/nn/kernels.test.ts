import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { maxPool2d } from '../../../src/ocr/nn/layers.js';
import { bidirectionalGru } from '../../../src/ocr/nn/recurrent.js';
import { expectAlike, layerCases, RUNS, size } from './kernel-cases.js';
import { seededTensor } from './support.js';
import fc from '../../rig/fast-check.js';

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

  layerCases('wasm', 'cpu');

  it('multiply matrices in every transposition, with and without a batch axis', async () => {
    const shape = fc.record({
      ...{ rows: size(20), depth: size(300), columns: size(20), batch: size(3), seed: fc.nat(1e6) },
      ...{ transposeA: fc.boolean(), transposeB: fc.boolean(), shared: fc.boolean() },
    });
    await fc.assert(
      fc.asyncProperty(
        shape,
        async ({ rows, depth, columns, batch, seed, transposeA, transposeB, shared }) => {
          await expectAlike('wasm', 'cpu', () => {
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
        await expectAlike('wasm', 'cpu', () => {
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

  it('scan a recurrent layer of any size and lengths, forward and backward', async () => {
    const shape = fc.record({
      ...{ batch: size(5), time: size(6), features: size(5), units: size(9), seed: fc.nat(1e6) },
      shares: fc.option(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 5, maxLength: 5 })),
    });
    await fc.assert(
      fc.asyncProperty(shape, async ({ batch, time, features, units, seed, shares }) => {
        const lengths = shares?.slice(0, batch).map((share) => Math.round(share * time));
        await expectAlike('wasm', 'cpu', () => {
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
