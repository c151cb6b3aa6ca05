import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Pixels } from '../../../src/ocr/images/load.js';
import { batchArray } from '../../../src/ocr/models/image-batch.js';
import { columnsThatFit, readingNeed, trainingNeed } from '../../../src/ocr/models/memory-need.js';
import { modelConfigSchema } from '../../../src/ocr/models/model-config.js';
import { newRecogniser } from '../../../src/ocr/models/recogniser.js';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { recogniseBatch } from '../../../src/ocr/predict/recognise.js';
import { alphabetOf } from '../../../src/ocr/text/alphabet.js';
import { Learner } from '../../../src/ocr/train/learner.js';
import { trainConfigSchema } from '../../../src/ocr/train/train-config.js';

const WIDTHS_PX = [200, 192, 150, 200];

/** The allocator of the backend `wasm`, through which all tensors and working memory go. */
interface Allocator {
  _malloc(bytes: number): number;
  _free(offset: number): void;
}

let inUse = 0;
let most = 0;

beforeAll(async () => {
  await openBackend('wasm');
  const { wasm } = tf.backend() as unknown as { wasm: Allocator };
  const sizes = new Map<number, number>();
  const malloc = wasm._malloc.bind(wasm);
  const free = wasm._free.bind(wasm);
  wasm._malloc = (bytes) => {
    const offset = malloc(bytes);
    sizes.set(offset, bytes);
    inUse += bytes;
    most = Math.max(most, inUse);
    return offset;
  };
  wasm._free = (offset) => {
    inUse -= sizes.get(offset) ?? 0;
    sizes.delete(offset);
    free(offset);
  };
});

/** The most bytes in use at once while `work` runs, beyond those in use now. */
async function measured(work: () => Promise<void>): Promise<number> {
  const before = inUse;
  most = inUse;
  await work();
  return most - before;
}

const few = alphabetOf('abcdef');
const many = alphabetOf(
  Array.from({ length: 2000 }, (_, index) => String.fromCodePoint(0x4e00 + index)).join(''),
);

const models = [
  { title: 'the default', sizes: {} },
  { title: 'one for thousands of characters', sizes: {}, alphabet: many },
  { title: 'a high one with two convolutions a block', sizes: { height: 64, convolutions: 2 } },
  {
    title: 'one block in colour',
    sizes: { height: 48, convolutions: 3, filters: [8], widthStride: 1, channels: 3 },
  },
  { title: 'a deep one', sizes: { height: 24, filters: [8, 8, 8], units: 96, depth: 3 } },
  {
    title: 'one with many features',
    sizes: { height: 8, filters: [4, 8], widthStride: 1, units: 8, innerDim: 512 },
  },
  { title: 'one with LSTMs', sizes: { cell: 'lstm', units: 200, depth: 2 } },
  { title: 'fcnn-lstm', sizes: { type: 'fcnn-lstm', width: 200, height: 64 } },
  {
    title: 'fcnn-lstm with more steps than positions',
    sizes: {
      type: 'fcnn-lstm',
      width: 200,
      filters: [8, 8, 8],
      outputLength: 120,
      units: 256,
      bidirectional: false,
    },
  },
  { title: 'attention', sizes: { type: 'attention', maxLength: 10 } },
  {
    title: 'attention for long labels',
    sizes: { type: 'attention', attention: 'luong', maxLength: 40, filters: [8, 8], decoderUnits: 256 },
    length: 40,
  },
  { title: 'attention with a beam', sizes: { type: 'attention', maxLength: 5 }, beam: 8 },
  { title: 'a mixer', sizes: { type: 'mixer' } },
  {
    title: 'a wide mixer',
    sizes: { type: 'mixer', filters: [8, 16], blocks: [0, 1], innerDim: 256, depth: 4, heads: 1, height: 48 },
  },
  { title: 'one with many filters', sizes: { height: 16, filters: [128, 128], innerDim: 8, units: 8 } },
];

describe('the memory that a model needs', () => {
  for (const { title, sizes, alphabet = few, length = 1, beam = 1 } of models) {
    it(`is what was foretold, or somewhat less: ${title}`, async () => {
      const config = modelConfigSchema.parse(sizes);
      const { height: heightPx, channels } = config;
      const images = WIDTHS_PX.map((widthPx): Pixels => {
        const data = new Uint8Array(heightPx * widthPx * channels).fill(200);
        return { data, heightPx, widthPx, channels };
      });
      const reading = await measured(async () => {
        const model = newRecogniser(config, alphabet, 1);
        const { decoder } = model;
        const followed = decoder.type === 'attention' ? { ...decoder, beam } : decoder;
        await recogniseBatch({ ...model, decoder: followed }, images);
        model.network.dispose();
      });
      const training = await measured(async () => {
        const learner = new Learner(
          newRecogniser(config, alphabet, 1),
          trainConfigSchema.parse({ averaging: 0.9 }),
        );
        const samples = images.map(() => ({
          file: '',
          name: '',
          text: 'a',
          steps: 1,
          filledPx: 1,
          label: new Int32Array(length),
          image: 0,
        }));
        for (const step of [0, 1]) {
          const parts = [{ ...batchArray(images, config), samples }];
          await learner.step({ step, epoch: 0, samples, parts }, 0.001);
        }
        learner.dispose();
      });
      const columns = images.length * 200;
      const classes = alphabet.size + 1;
      for (const [need, bytes] of [
        [readingNeed(config, classes, beam), reading],
        [trainingNeed(config, classes), training],
      ] as const) {
        const foretold = need.fixedBytes + columns * need.columnBytes;
        expect(foretold / bytes).toBeGreaterThan(1);
        expect(foretold / bytes).toBeLessThan(2);
      }
    });
  }

  it('leaves room for so many columns beside the weights, and is an error where it leaves none', () => {
    expect(columnsThatFit({ fixedBytes: 100, columnBytes: 7 }, 128)).toBe(4);
    expect(() => columnsThatFit({ fixedBytes: 100, columnBytes: 7 }, 106)).toThrow(
      expect.objectContaining({ code: 'out-of-memory', exitCode: 2 }),
    );
  });
});
