import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adam } from '../../../src/ocr/nn/adam.js';
import { Optimiser, type NamedVariables, type OptimiserState } from '../../../src/ocr/nn/optimiser.js';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { batchNormTraining } from '../../../src/ocr/nn/batch-norm.js';
import { ctcLoss } from '../../../src/ocr/nn/ctc-loss.js';
import { conv2d, dense, maxPool2d } from '../../../src/ocr/nn/layers.js';
import { bidirectionalGru } from '../../../src/ocr/nn/recurrent.js';
import { backendsUnderTest, seededTensor } from './support.js';

const UNITS = 5;
const CLASSES = 6;
const LABELS = [[1, 1, 2], [3], [0, 4, 0, 2]];
const LENGTHS = [10, 7, 10];
const LEARNING_RATE = 0.02;

/** A small recogniser with every layer that a CRNN has. Input [3, 8, 20, 1]. */
function makeVariables(): Record<string, tf.Variable> {
  const shapes: Record<string, number[]> = {
    filter1: [3, 3, 1, 8],
    bias1: [8],
    filter2: [3, 3, 8, 9],
    gamma: [9],
    beta: [9],
    kernel: [9 * 4, 6 * UNITS],
    gruBias: [6 * UNITS],
    recurrentKernel: [2, UNITS, 3 * UNITS],
    recurrentBias: [2, 3 * UNITS],
    out: [2 * UNITS, CLASSES],
  };
  return tf.tidy(() =>
    Object.fromEntries(
      Object.entries(shapes).map(([name, shape], i) => [
        name,
        tf.variable(tf.mul(seededTensor(shape, i), 0.4)),
      ]),
    ),
  );
}

function lossOf(images: tf.Tensor4D, v: NamedVariables): tf.Scalar {
  const as = (name: string): never => v[name] as never;
  let x = conv2d(images, as('filter1'), { bias: as('bias1'), activation: 'relu' });
  x = maxPool2d(x, [2, 2]);
  x = conv2d(x, as('filter2'));
  x = batchNormTraining(x, { gamma: as('gamma'), beta: as('beta') }, { activation: 'relu' }).outputs;
  const [batch, height, width, channels] = x.shape;
  const columns = tf.reshape<tf.Rank.R3>(tf.transpose(x, [0, 2, 1, 3]), [batch, width, height * channels]);
  const weights = {
    kernel: as('kernel'),
    bias: as('gruBias'),
    recurrentKernel: as('recurrentKernel'),
    recurrentBias: as('recurrentBias'),
  };
  const states = bidirectionalGru(columns, weights, LENGTHS);
  const logits = dense(states, as('out')) as tf.Tensor3D;
  return ctcLoss(logits, { labels: LABELS, logitLengths: LENGTHS }).loss as tf.Scalar;
}

function newAdam(): Optimiser {
  return new Optimiser(adam({ weightDecay: { amount: 0.01, mode: 'decoupled' } }), { norm: 1 });
}

class Training {
  readonly variables = makeVariables();
  readonly adam = newAdam();
  readonly #images = seededTensor<tf.Rank.R4>([3, 8, 20, 1], 77);

  async step(): Promise<number> {
    const { value, grads } = tf.variableGrads(() => lossOf(this.#images, this.variables));
    const byName = Object.entries(this.variables).map(([name, { name: id }]) => [name, grads[id]!] as const);
    await this.adam.apply(this.variables, Object.fromEntries(byName), LEARNING_RATE);
    const loss = (await value.data())[0]!;
    tf.dispose([value, grads]);
    return loss;
  }

  async steps(count: number): Promise<number[]> {
    const losses: number[] = [];
    while (losses.length < count) losses.push(await this.step());
    return losses;
  }

  dispose(): void {
    this.adam.dispose();
    tf.dispose([this.variables, this.#images]);
  }
}

/** Losses of the first steps by backend, compared at the end. */
const firstLosses = new Map<string, number[]>();

for (const { name, skip } of backendsUnderTest()) {
  describe.skipIf(skip)(`training on ${name}${skip === undefined ? '' : ` (${skip})`}`, () => {
    beforeAll(() => openBackend(name));

    // The plain backend takes some 50 ms a step.
    const count = name === 'cpu' ? 60 : 200;
    it(`learns, and keeps the number of tensors constant over ${count} steps`, async () => {
      const empty = tf.memory().numTensors;
      const training = new Training();
      const losses = await training.steps(3);
      firstLosses.set(name, [...losses]);
      const { numTensors } = tf.memory();
      losses.push(...(await training.steps(count)));
      expect(tf.memory().numTensors).toBe(numTensors);
      expect(losses.at(-1)).toBeLessThan(losses[0]! / 3);
      training.dispose();
      expect(tf.memory().numTensors).toBe(empty);
      // A GPU that is software takes its time.
    }, 300_000);

    it('repeats a run from the same start', async () => {
      const [one, two] = [new Training(), new Training()];
      const [first, second] = [await one.steps(5), await two.steps(5)];
      if (name === 'tensorflow')
        second.forEach((loss, i) => {
          expect(loss).toBeCloseTo(first[i]!, 4);
        });
      else expect(second).toEqual(first);
      one.dispose();
      two.dispose();
    });

    it('goes on from a saved optimiser as if never stopped', async () => {
      const [whole, broken] = [new Training(), new Training()];
      await whole.steps(6);
      await broken.steps(3);
      const saved: OptimiserState = structuredClone(await broken.adam.state());
      const resumed = newAdam();
      resumed.restore(saved, broken.variables);
      broken.adam.restore(await resumed.state(), broken.variables);
      await broken.steps(3);
      for (const [key, variable] of Object.entries(whole.variables)) {
        const [expected, actual] = [await variable.data(), await broken.variables[key]!.data()];
        if (name === 'tensorflow')
          actual.forEach((value, i) => {
            expect(value).toBeCloseTo(expected[i]!, 3);
          });
        else expect(actual).toEqual(expected);
      }
      resumed.dispose();
      whole.dispose();
      broken.dispose();
    });
  });
}

afterAll(() => {
  const expected = firstLosses.get('cpu')!;
  for (const losses of firstLosses.values()) {
    // Adam's first steps follow the gradients' signs, which rounding may turn: only the first loss is that exact.
    expect(Math.abs(losses[0]! / expected[0]! - 1)).toBeLessThan(1e-5);
    losses.forEach((loss, i) => {
      expect(Math.abs(loss / expected[i]! - 1)).toBeLessThan(1e-2);
    });
  }
});
