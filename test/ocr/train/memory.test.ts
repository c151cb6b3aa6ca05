import * as tf from '@tensorflow/tfjs-core';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { noEvents } from '../../../src/base/events.js';
import { randomFrom } from '../../../src/base/random.js';
import type { Pixels } from '../../../src/ocr/images/load.js';
import { batchArray } from '../../../src/ocr/models/image-batch.js';
import { trainingNeed } from '../../../src/ocr/models/memory-need.js';
import { newRecogniser } from '../../../src/ocr/models/recogniser.js';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { recogniseBatch } from '../../../src/ocr/predict/recognise.js';
import { alphabetOf } from '../../../src/ocr/text/alphabet.js';
import { checkTraining } from '../../../src/ocr/train/check-training.js';
import { Learner } from '../../../src/ocr/train/learner.js';
import { paramsSchema } from '../../../src/ocr/train/train-config.js';
import type { TrainingJob } from '../../../src/ocr/train/training-job.js';
import { train, type TrainingResult } from '../../../src/ocr/train/train.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { drawnLines } from './drawn-lines.js';

const LABELS = ['abba', 'cab', 'bead', 'dab', 'ace', 'fade', 'deaf', 'cede'];
const settings = paramsSchema.parse({
  model: { height: 16, filters: [8, 16], widthStride: 2, innerDim: 24, units: 16, dropout: 0 },
  train: { batchSize: 8, learningRate: 0.01, warmupSteps: 5, epochs: 80, evaluateEvery: 40 },
});
const alphabet = alphabetOf('abcdef');

/** What a step may have so that `widthPx` pixels of width are computed at once. */
function memoryFor(widthPx: number): number {
  const { fixedBytes, columnBytes } = trainingNeed(settings.model, alphabet.size + 1);
  return fixedBytes + widthPx * columnBytes;
}

beforeAll(async () => {
  await openBackend('wasm');
});

describe('train with little memory', () => {
  let folder: string;
  let manifest: string;

  beforeEach(async () => {
    folder = temporaryFolder();
    manifest = await drawnLines(folder, 'lines', LABELS);
  });

  const jobOf = (name: string, memoryBytes: number): TrainingJob => ({
    cwd: folder,
    train: manifest,
    val: manifest,
    out: join(folder, name),
    settings,
    backend: 'wasm',
    events: noEvents,
    memoryBytes,
  });
  const run = (name: string, memoryBytes: number): Promise<TrainingResult> => train(jobOf(name, memoryBytes));
  const weights = (name: string): string => {
    const file = readdirSync(join(folder, name)).find((entry) => entry.startsWith('weights'))!;
    return readFileSync(join(folder, name, file)).toString('base64');
  };

  it('takes as many steps, each over all images of its batch in parts, learns as well, and repeats', async () => {
    // The eight images of 24 and 32 pixels are filled up to 256 in all.
    const whole = await run('whole', memoryFor(256));
    const parts = await run('parts', memoryFor(80));
    expect(parts.steps).toBe(whole.steps);
    expect(Math.max(whole.metrics.cer, parts.metrics.cer)).toBeLessThan(0.3);
    expect(weights('parts')).not.toBe(weights('whole'));
    await run('again', memoryFor(80));
    expect(weights('again')).toBe(weights('parts'));
    await run('ample', memoryFor(4096));
    expect(weights('ample')).toBe(weights('whole'));
  });

  it('tells beforehand how much the largest step takes: all of its images at once, or what there is', async () => {
    const told = async (memoryBytes: number): Promise<number> =>
      (await checkTraining(jobOf('model', memoryBytes))).memoryBytes;
    expect(await told(memoryFor(4096))).toBe(memoryFor(256));
    expect(await told(memoryFor(80))).toBe(memoryFor(80));
  });

  it('names all images that are too wide by themselves, and writes nothing', async () => {
    await expect(run('model', memoryFor(30))).rejects.toMatchObject({
      code: 'images-unreadable',
      exitCode: 2,
      message: expect.stringMatching(
        /^5 of 8 images.*lines-0\.png is 32 pixels wide at the model's height of 16; memory holds 30 at once/s,
      ) as string,
    });
    expect(existsSync(join(folder, 'model'))).toBe(false);
  });
});

describe('a batch', () => {
  const image = (widthPx: number): Pixels => {
    const random = randomFrom(widthPx, 'image');
    const data = Uint8Array.from({ length: 16 * widthPx }, () => random.below(256));
    return { data, heightPx: 16, widthPx, channels: 1 };
  };
  const part = (widthsPx: number[]) => {
    const samples = widthsPx.map(() => ({
      file: '',
      name: 'x',
      text: 'ab',
      steps: 0,
      filledPx: 0,
      image: 0,
      label: Int32Array.of(0, 1),
    }));
    return { ...batchArray(widthsPx.map(image), settings.model), samples };
  };
  /** The loss of the first step from the same weights. */
  const lossOf = async (...parts: ReturnType<typeof part>[]): Promise<number> => {
    const learner = new Learner(newRecogniser(settings.model, alphabet, 1), settings.train);
    const samples = parts.flatMap((each) => each.samples);
    const { loss, texts } = await learner.step({ step: 0, epoch: 0, samples, parts }, 0.001);
    expect(texts).toHaveLength(samples.length);
    learner.dispose();
    return loss;
  };

  it('in parts has the mean loss of all its images, and leaves no tensor behind', async () => {
    const [wide, narrow] = [part([40, 36]), part([30, 28, 20, 24])];
    const before = tf.memory().numTensors;
    const mean = (2 * (await lossOf(wide)) + 4 * (await lossOf(narrow))) / 6;
    expect(await lossOf(wide, narrow)).toBeCloseTo(mean, 5);
    expect(tf.memory().numTensors).toBe(before);
  });

  // Last, because the memory of this process may be unusable afterwards.
  it('that does not fit is an error that says how large it was and what to lower', async () => {
    const large = { ...settings.model, filters: [64, 64] };
    const model = newRecogniser(large, alphabet, 1);
    const white = new Uint8Array(16 * 1_100_000).fill(255);
    const wide: Pixels = { data: white, heightPx: 16, widthPx: 1_100_000, channels: 1 };
    await expect(recogniseBatch(model, [wide])).rejects.toMatchObject({
      code: 'out-of-memory',
      exitCode: 2,
      message: expect.stringContaining('one image 1100000 pixels wide at a height of 16') as string,
      hint: expect.stringContaining('train.batchSize') as string,
    });
    model.network.dispose();
  });
});
