import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { adam as adamRule } from '../../../src/ocr/nn/adam.js';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { Optimiser } from '../../../src/ocr/nn/optimiser.js';
import { backendsUnderTest } from './support.js';

for (const { name, skip } of backendsUnderTest()) {
  describe.skipIf(skip)(`Adam on ${name}${skip === undefined ? '' : ` (${skip})`}`, () => {
    beforeAll(() => openBackend(name));

    it('leaves clones, reshapes and first values of a variable as they were', async () => {
      const start = tf.tensor1d([1, 2, 3, 4, 5]);
      const weight = tf.variable(start);
      const [clone, reshaped] = [tf.clone(weight), tf.reshape(weight, [5, 1])];
      const adam = new Optimiser(adamRule());
      await adam.apply({ weight }, { weight: tf.ones([5]) }, 0.1);
      const moved = Array.from(await weight.data());
      await adam.apply({ weight }, { weight: tf.ones([5]) }, 0.1);
      for (const tensor of [start, clone, reshaped])
        expect([...(await tensor.data())]).toEqual([1, 2, 3, 4, 5]);
      moved.forEach((value, i) => {
        expect(value).toBeCloseTo(i + 0.9, 5);
      });
      expect((await weight.data())[0]).toBeCloseTo(0.8, 5);
      adam.dispose();
      tf.dispose([start, weight, clone, reshaped]);
    });

    it('scales gradients down to the norm that it may pass on, and not up', async () => {
      const gradients = { a: tf.tensor1d([3]), b: tf.tensor1d([4]) };
      const second = async (clipNorm: number): Promise<number> => {
        const variables = { a: tf.variable(tf.zeros([1])), b: tf.variable(tf.zeros([1])) };
        const adam = new Optimiser(adamRule(), { norm: clipNorm });
        await adam.apply(variables, gradients, 0.1);
        tf.dispose(variables);
        return (await adam.state()).slots['first']!['b']![0]!;
      };
      expect(await second(1)).toBeCloseTo(0.08, 6);
      expect(await second(10)).toBeCloseTo(0.4, 6);
    });

    it('moves nothing and remembers nothing where a gradient is no finite number', async () => {
      const variables = { a: tf.variable(tf.ones([2])), b: tf.variable(tf.ones([1])) };
      const adam = new Optimiser(adamRule(), { norm: 1 });
      const apply = (a: number): Promise<number> =>
        adam.apply(variables, { a: tf.tensor1d([a, 1]), b: tf.tensor1d([1]) }, 0.1);
      expect(await apply(1)).toBeCloseTo(Math.sqrt(3), 5);
      const before = JSON.stringify([Array.from(await variables.a.data()), await adam.state()]);
      for (const bad of [Number.NaN, Infinity, -Infinity]) expect(await apply(bad)).toEqual(Math.abs(bad));
      expect(JSON.stringify([Array.from(await variables.a.data()), await adam.state()])).toBe(before);
      adam.dispose();
      tf.dispose(variables);
    });

    it('refuses a gradient without its variable', async () => {
      const applied = new Optimiser(adamRule()).apply({}, { lost: tf.ones([1]) }, 0.1);
      await expect(applied).rejects.toThrow('lost');
    });
  });
}
