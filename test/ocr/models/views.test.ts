import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { batchArray, toImageBatch } from '../../../src/ocr/models/image-batch.js';
import type { Scores } from '../../../src/ocr/models/network.js';
import { newRecogniser } from '../../../src/ocr/models/recogniser.js';
import { scoresOverViews } from '../../../src/ocr/models/scores-over-views.js';
import { MOST_VIEWS, otherViews, type BatchValues } from '../../../src/ocr/models/views.js';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { alphabet, learn, read, WIDTHS_PX } from './noise-batch.js';
import { noiseFor, TINY_MODELS, tinyModel } from './tiny-models.js';

/** One image whose pixels are their rows' numbers, in all columns but those beyond what it fills. */
function rows(heightPx: number, widthPx: number, filledPx = widthPx): BatchValues {
  const values = Float32Array.from({ length: heightPx * widthPx }, (_, at) =>
    at % widthPx < filledPx ? Math.floor(at / widthPx) : 0,
  );
  return { values, shape: [1, heightPx, widthPx, 1], filledPx: [filledPx] };
}

const viewsOf = (batch: BatchValues): number[][] =>
  [...otherViews(batch, MOST_VIEWS)].map((values) => Array.from(values));
const columnOf = (values: readonly number[], widthPx: number, x: number): number[] =>
  values.filter((_, at) => at % widthPx === x);

describe('the views of an image', () => {
  it('begin with the image a pixel higher and lower, its edges going on', () => {
    const [higher, lower] = viewsOf(rows(4, 1));
    expect(higher).toEqual([1, 2, 3, 3]);
    expect(lower).toEqual([0, 0, 1, 2]);
  });

  it('are moved by more pixels where the image is higher', () => {
    const [higher] = viewsOf(rows(64, 1));
    expect(higher!.slice(0, 3)).toEqual([2, 3, 4]);
  });

  it('slope about the middle, by a tenth of the height at the ends', () => {
    const [, , rising, falling] = viewsOf(rows(20, 101));
    for (const [view, sign] of [
      [rising!, 1],
      [falling!, -1],
    ] as const) {
      expect(columnOf(view, 101, 50)[10]).toBeCloseTo(10, 5);
      expect(columnOf(view, 101, 100)[10]).toBeCloseTo(10 + sign * 2 * (100 / 101), 5);
      expect(columnOf(view, 101, 0)[10]).toBeCloseTo(10 - sign * 2 * (100 / 101), 5);
    }
  });

  it('end with the rows pressed together and spread about the middle', () => {
    const [, , , , together, spread] = viewsOf(rows(101, 1));
    expect([together![50], spread![50]]).toEqual([50, 50]);
    expect(together![60]).toBeCloseTo(50 + 10 / 0.93, 4);
    expect(spread![60]).toBeCloseTo(50 + 10 / 1.07, 4);
  });

  it('leave columns that an image does not fill as they are', () => {
    for (const view of viewsOf(rows(8, 6, 4)))
      expect([...columnOf(view, 6, 4), ...columnOf(view, 6, 5)]).toEqual(new Array<number>(16).fill(0));
  });

  it('move every channel alike', () => {
    const grey = rows(6, 5);
    const values = Float32Array.from(
      { length: 6 * 5 * 3 },
      (_, at) => grey.values[Math.floor(at / 3)]! + 10 * (at % 3),
    );
    const coloured = viewsOf({ values, shape: [1, 6, 5, 3], filledPx: [5] });
    viewsOf(grey).forEach((view, index) => {
      const expected = view.flatMap((value) => [value, value + 10, value + 20]);
      coloured[index]!.forEach((value, at) => {
        expect(value).toBeCloseTo(expected[at]!, 4);
      });
    });
  });

  it('are as many as asked for, the image itself among them', () => {
    expect([1, 3, 7].map((count) => [...otherViews(rows(4, 4), count)].length)).toEqual([0, 2, 6]);
  });
});

const WITH_STEPS = Object.keys(TINY_MODELS).filter((name) => !name.startsWith('attention'));

describe('reading over views', () => {
  beforeAll(() => openBackend('wasm'));

  it('averages the probabilities of each time step', async () => {
    const model = newRecogniser(tinyModel('crnn with GRU'), alphabet, 5);
    const batch = toImageBatch(batchArray([noiseFor(model.config, 40)], model.config));
    const seen: Float32Array[] = [];
    const over = await scoresOverViews(batch, 3, async ({ images, steps }) => {
      const values = await tf.mean(images, [1, 3]).data<'float32'>();
      seen.push(values);
      return { values, shape: [1, steps[0]!, images.shape[2] / steps[0]!], steps } satisfies Scores;
    });
    const [, time, classes] = over.shape;
    for (let step = 0; step < time; step += 1) {
      const each = seen.map((values) => {
        const powers = Array.from(values.subarray(step * classes, (step + 1) * classes), Math.exp);
        const total = powers.reduce((sum, power) => sum + power, 0);
        return powers.map((power) => power / total);
      });
      for (let label = 0; label < classes; label += 1) {
        const mean = (each[0]![label]! + each[1]![label]! + each[2]![label]!) / 3;
        expect(Math.exp(over.values[step * classes + label]!)).toBeCloseTo(mean, 6);
      }
    }
    batch.images.dispose();
    model.network.dispose();
  });

  it.each(WITH_STEPS)('reads an image the same beside wider ones, and leaves no tensor: %s', async (name) => {
    const made = newRecogniser(tinyModel(name), alphabet, 2);
    await learn(made, 5, 0.01);
    const model = { ...made, decoder: { type: 'ctc-greedy', views: MOST_VIEWS } as const };
    const before = tf.memory().numTensors;
    const together = await read(model, WIDTHS_PX);
    for (const [item, widthPx] of WIDTHS_PX.entries()) {
      const [alone] = await read(model, [widthPx]);
      expect(alone!.labels).toEqual(together[item]!.labels);
      expect(alone!.confidence).toBeCloseTo(together[item]!.confidence, 5);
    }
    expect(tf.memory().numTensors).toBe(before);
    const [asItIs] = await read(made, [WIDTHS_PX[0]!]);
    expect(together[0]!.confidence).not.toBe(asItIs!.confidence);
    made.network.dispose();
  });
});
