import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { randomFrom } from '../../../src/base/random.js';
import { BatchNorm } from '../../../src/ocr/models/batch-norm.js';
import { VariableStore } from '../../../src/ocr/models/variables.js';
import { openBackend } from '../../../src/ocr/nn/backend.js';

const HEIGHT = 3;
const FILLED = 4;
const WIDTH = 6;
const CHANNELS = 2;

function noise(seed: string, shape: [number, number, number, number]): tf.Tensor4D {
  const random = randomFrom(seed);
  const size = shape.reduce((product, side) => product * side, 1);
  return tf.tensor4d(
    Float32Array.from({ length: size }, () => random.normal()),
    shape,
  );
}

/** Output, gradients by the input, gamma and beta, and the moved averages. */
function run(x: tf.Tensor4D, upstream: tf.Tensor4D, filled: number[]): number[][] {
  const store = new VariableStore(1);
  const norm = new BatchNorm(store, 'norm', CHANNELS);
  const [gamma, beta] = [...store.trainable.values()];
  const { value, grads } = tf.valueAndGrads((input: tf.Tensor) => {
    return tf.sum(tf.mul(norm.train(input as tf.Tensor4D, filled), upstream));
  })([x]);
  const weights = tf.variableGrads(
    () => tf.sum(tf.mul(norm.train(x, filled), upstream)),
    [gamma!, beta!],
  ).grads;
  const output = norm.train(x, filled);
  const state = store.all().slice(2);
  return [value, output, grads[0]!, ...Object.values(weights), ...state.map(([, variable]) => variable)].map(
    (tensor) => Array.from(tensor.dataSync()),
  );
}

beforeAll(async () => {
  await openBackend('cpu');
});

describe('BatchNorm', () => {
  it('with filled columns gives what it gives without them: values, gradients and averages', () => {
    tf.tidy(() => {
      const x = noise('x', [2, HEIGHT, FILLED, CHANNELS]);
      const upstream = noise('upstream', [2, HEIGHT, FILLED, CHANNELS]);
      const widen = (tensor: tf.Tensor4D, value: number): tf.Tensor4D =>
        tf.pad(
          tensor,
          [
            [0, 0],
            [0, 0],
            [0, WIDTH - FILLED],
            [0, 0],
          ],
          value,
        );
      const narrow = (values: number[]): number[] =>
        Array.from(
          tf
            .slice(tf.tensor4d(values, [2, HEIGHT, WIDTH, CHANNELS]), [0, 0, 0, 0], [-1, -1, FILLED, -1])
            .dataSync(),
        );
      const exact = run(x, upstream, [FILLED, FILLED]);
      const masked = run(widen(x, 9), widen(upstream, 7), [FILLED, FILLED]);
      masked[1] = narrow(masked[1]!);
      masked[2] = narrow(masked[2]!);
      exact.forEach((values, part) => {
        values.forEach((value, index) => {
          expect(Math.abs(masked[part]![index]! - value)).toBeLessThan(1e-4);
        });
      });
    });
  });

  it('gives zero in filled columns', () => {
    tf.tidy(() => {
      const store = new VariableStore(1);
      const norm = new BatchNorm(store, 'norm', CHANNELS);
      const output = norm.train(noise('y', [2, HEIGHT, WIDTH, CHANNELS]), [2, WIDTH]);
      const filledPart = tf.slice(output, [0, 0, 2, 0], [1, -1, -1, -1]);
      expect(Array.from(filledPart.dataSync()).every((value) => value === 0)).toBe(true);
      expect(tf.max(tf.abs(output)).dataSync()[0]).toBeGreaterThan(0);
    });
  });
});
