import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { ctcForwardBackward, ctcMinimumSteps } from '../../../src/ocr/nn/ctc-forward-backward.js';
import { ctcLoss } from '../../../src/ocr/nn/ctc-loss.js';
import { backendsUnderTest, readGolden, relativeError, seededValues } from './support.js';
import fc, { runs } from '../../rig/fast-check.js';

interface CtcCase {
  name: string;
  batch: number;
  time: number;
  classes: number;
  labels: number[][];
  lengths: number[];
  logits: number[];
  loss: number[];
  mean: number;
  sum: number;
  gradient: number[];
  unreachable: number[];
}

const { cases } = readGolden('ctc.json') as { cases: CtcCase[] };

describe('the forward-backward algorithm', () => {
  it.each(cases)('agrees with PyTorch: $name', (item) => {
    const logits = Float32Array.from(item.logits);
    const result = ctcForwardBackward({ ...item, logits, logitLengths: item.lengths });
    expect(relativeError(result.losses, item.loss)).toBeLessThan(1e-5);
    expect(relativeError(result.gradient, item.gradient)).toBeLessThan(1e-5);
    expect(result.unreachable).toEqual(item.unreachable);
  });

  it('gives all labels together the probability 1', () => {
    const shapes = {
      time: fc.integer({ min: 1, max: 4 }),
      classes: fc.integer({ min: 2, max: 4 }),
      seed: fc.nat(),
    };
    fc.assert(
      fc.property(fc.record(shapes), ({ time, classes, seed }) => {
        const labels = allLabels(classes - 1, time).filter((label) => ctcMinimumSteps(label) <= time);
        const row = seededValues(time * classes, seed).map((value) => 3 * value);
        const logits = Float32Array.from(
          { length: labels.length * row.length },
          (_, i) => row[i % row.length]!,
        );
        const { losses } = ctcForwardBackward({ logits, batch: labels.length, time, classes, labels });
        const total = losses.reduce((sum, loss) => sum + Math.exp(-loss), 0);
        expect(total).toBeCloseTo(1, 6);
      }),
      { numRuns: runs(50) },
    );
  });

  it('has a gradient that sums to 0 in every frame', () => {
    const [time, classes] = [9, 5];
    const logits = seededValues(time * classes, 3);
    const { gradient } = ctcForwardBackward({ logits, batch: 1, time, classes, labels: [[0, 0, 3]] });
    for (let t = 0; t < time; t++) {
      const frame = gradient.subarray(t * classes, (t + 1) * classes);
      expect(frame.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 5);
    }
  });

  it('takes any class as the blank', () => {
    const item = cases.find(({ name }) => name === 'a line')!;
    const { time, classes } = item;
    const last = classes - 1;
    const shifted = new Float32Array(item.logits.length);
    for (let t = 0; t < time; t++)
      for (let c = 0; c < classes; c++)
        shifted[t * classes + c] = item.logits[t * classes + ((c + last) % classes)]!;
    const labels = item.labels.map((label) => label.map((value) => value + 1));
    const { losses } = ctcForwardBackward({ logits: shifted, batch: 1, time, classes, labels, blank: 0 });
    expect(relativeError(losses, item.loss)).toBeLessThan(1e-5);
  });

  it('refuses a label that is the blank or no class at all', () => {
    const logits = new Float32Array(6);
    const batch = { logits, batch: 1, time: 2, classes: 3 };
    expect(() => ctcForwardBackward({ ...batch, labels: [[2]] })).toThrow(RangeError);
    expect(() => ctcForwardBackward({ ...batch, labels: [[3]] })).toThrow(RangeError);
    expect(() => ctcForwardBackward({ ...batch, labels: [] })).toThrow(RangeError);
  });
});

/** Every sequence of up to `length` symbols. */
function allLabels(symbols: number, length: number): number[][] {
  if (length === 0) return [[]];
  const shorter = allLabels(symbols, length - 1);
  const longest = shorter.filter((label) => label.length === length - 1);
  return [
    ...shorter,
    ...longest.flatMap((label) => Array.from({ length: symbols }, (_, s) => [...label, s])),
  ];
}

for (const { name, skip } of backendsUnderTest()) {
  describe.skipIf(skip)(`CTC loss on ${name}${skip === undefined ? '' : ` (${skip})`}`, () => {
    beforeAll(() => openBackend(name));

    it.each(['mean', 'sum', 'none'] as const)('reduces by %s as PyTorch does', async (reduction) => {
      for (const item of cases) {
        const logits = tf.tensor3d(item.logits, [item.batch, item.time, item.classes]);
        const options = { labels: item.labels, logitLengths: item.lengths, reduction };
        const { loss, unreachable } = ctcLoss(logits, options);
        const expected = reduction === 'none' ? item.loss : [item[reduction]];
        expect(relativeError(await loss.data(), expected)).toBeLessThan(1e-4);
        expect(unreachable).toEqual(item.unreachable);
        tf.dispose([logits, loss]);
      }
    });

    it('hands the gradient on, scaled by what follows', async () => {
      for (const item of cases) {
        const options = { labels: item.labels, logitLengths: item.lengths };
        const expected = item.gradient.map((value) => 2 * value);
        for (const reduction of ['sum', 'none'] as const) {
          const twice = tf.grad((x) => tf.mul(ctcLoss(x as tf.Tensor3D, { ...options, reduction }).loss, 2));
          const gradient = tf.tidy(() =>
            twice(tf.tensor3d(item.logits, [item.batch, item.time, item.classes])),
          );
          expect(relativeError(await gradient.data(), expected)).toBeLessThan(1e-4);
          gradient.dispose();
        }
      }
    });
  });
}
