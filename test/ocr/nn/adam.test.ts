import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { adam as adamRule } from '../../../src/ocr/nn/adam.js';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { Optimiser } from '../../../src/ocr/nn/optimiser.js';
import { backendsUnderTest } from './support.js';

for (const { name, skip } of backendsUnderTest()) {
  describe.skipIf(skip)(`Adam on ${name}${skip === undefined ? '' : ` (${skip})`}`, () => {
    beforeAll(() => openBackend(name));

    it('leaves clones, reshapes and first values of a variable as they were', () => {
      const start = tf.tensor1d([1, 2, 3, 4, 5]);
      const weight = tf.variable(start);
      const [clone, reshaped] = [tf.clone(weight), tf.reshape(weight, [5, 1])];
      const adam = new Optimiser(adamRule());
      adam.apply({ weight }, { weight: tf.ones([5]) }, 0.1);
      const moved = Array.from(weight.dataSync());
      adam.apply({ weight }, { weight: tf.ones([5]) }, 0.1);
      for (const tensor of [start, clone, reshaped]) expect([...tensor.dataSync()]).toEqual([1, 2, 3, 4, 5]);
      moved.forEach((value, i) => {
        expect(value).toBeCloseTo(i + 0.9, 5);
      });
      expect(weight.dataSync()[0]).toBeCloseTo(0.8, 5);
      adam.dispose();
      tf.dispose([start, weight, clone, reshaped]);
    });

    it('scales gradients down to the norm that it may pass on, and not up', () => {
      const gradients = { a: tf.tensor1d([3]), b: tf.tensor1d([4]) };
      const states = [1, 10].map((clipNorm) => {
        const variables = { a: tf.variable(tf.zeros([1])), b: tf.variable(tf.zeros([1])) };
        const adam = new Optimiser(adamRule(), { norm: clipNorm });
        adam.apply(variables, gradients, 0.1);
        tf.dispose(variables);
        return adam;
      });
      return Promise.all(states.map((adam) => adam.state())).then(([limited, free]) => {
        expect(limited!.slots['first']!['b']![0]).toBeCloseTo(0.08, 6);
        expect(free!.slots['first']!['b']![0]).toBeCloseTo(0.4, 6);
      });
    });

    it('moves nothing and remembers nothing where a gradient is no finite number', async () => {
      const variables = { a: tf.variable(tf.ones([2])), b: tf.variable(tf.ones([1])) };
      const adam = new Optimiser(adamRule(), { norm: 1 });
      const apply = (a: number): number =>
        adam.apply(variables, { a: tf.tensor1d([a, 1]), b: tf.tensor1d([1]) }, 0.1);
      expect(apply(1)).toBeCloseTo(Math.sqrt(3), 5);
      const before = JSON.stringify([Array.from(variables.a.dataSync()), await adam.state()]);
      expect([Number.NaN, Infinity, -Infinity].map(apply)).toEqual([Number.NaN, Infinity, Infinity]);
      expect(JSON.stringify([Array.from(variables.a.dataSync()), await adam.state()])).toBe(before);
      adam.dispose();
      tf.dispose(variables);
    });

    it('refuses a gradient without its variable', () => {
      expect(() => {
        new Optimiser(adamRule()).apply({}, { lost: tf.ones([1]) }, 0.1);
      }).toThrow('lost');
    });
  });
}
