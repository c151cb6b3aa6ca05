import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { dropout } from '../../../src/ocr/nn/layers.js';

const SIZE = 20_000;

function masksOf(rate: number, seed: number): ArrayLike<number> {
  return tf.tidy(() => dropout(tf.ones([SIZE]), rate, seed).dataSync());
}

describe('dropout', () => {
  beforeAll(() => openBackend('wasm'));

  it.each([0.1, 0.5, 0.9])('drops the share %s and keeps the expected value', (rate) => {
    const values = Array.from(masksOf(rate, 7));
    const dropped = values.filter((value) => value === 0).length;
    // Six standard deviations of a binomial count.
    const tolerance = 6 * Math.sqrt(SIZE * rate * (1 - rate));
    expect(Math.abs(dropped - SIZE * rate)).toBeLessThan(tolerance);
    expect(values.find((value) => value !== 0)).toBeCloseTo(1 / (1 - rate), 5);
  });

  it('drops the same values for the same seed and others for another', () => {
    const [one, again, other] = [masksOf(0.5, 1), masksOf(0.5, 1), masksOf(0.5, 2)];
    expect(again).toEqual(one);
    const equal = Array.from(one).filter((value, i) => value === other[i]).length;
    expect(Math.abs(equal - SIZE / 2)).toBeLessThan(6 * Math.sqrt(SIZE / 4));
  });

  it('passes gradients where values passed', () => {
    tf.tidy(() => {
      const x = tf.ones([50]);
      const gradient = tf.grad((input) => dropout(input, 0.4, 3))(x);
      expect(gradient.dataSync()).toEqual(dropout(x, 0.4, 3).dataSync());
    });
  });

  it('does nothing at rate 0', () => {
    const x = tf.ones([3]);
    expect(dropout(x, 0, 1)).toBe(x);
    x.dispose();
  });
});
