import { batchArray, toImageBatch } from '../../../src/ocr/models/image-batch.js';
import type { LabelReading } from '../../../src/ocr/models/network.js';
import type { Recogniser } from '../../../src/ocr/models/recogniser.js';
import { alphabetOf } from '../../../src/ocr/text/alphabet.js';
import { Learner } from '../../../src/ocr/train/learner.js';
import { trainConfigSchema } from '../../../src/ocr/train/train-config.js';
import type { TrainingBatch } from '../../../src/ocr/train/training-batches.js';
import { noiseFor } from './tiny-models.js';

export const alphabet = alphabetOf('abc');
export const LABELS = [[0, 1], [2], [1, 0, 2]];
export const WIDTHS_PX = [44, 27, 60];

/** Three images of noise and their labels. */
export function batchFor({ config }: Recogniser, step: number): TrainingBatch {
  const samples = LABELS.map((label, item) => ({
    file: '',
    name: `${item}`,
    text: alphabet.decode(label),
    steps: 0,
    filledPx: 0,
    label: Int32Array.from(label),
    image: 0,
  }));
  const images = WIDTHS_PX.map((widthPx) => noiseFor(config, widthPx));
  return { step, epoch: 0, samples, parts: [{ ...batchArray(images, config), samples }] };
}

/** Reads noise of these widths. */
export async function read(
  { network, config, decoder }: Recogniser,
  widthsPx: number[],
): Promise<LabelReading[]> {
  const images = widthsPx.map((widthPx) => noiseFor(config, widthPx));
  const batch = toImageBatch(batchArray(images, config));
  try {
    return await network.read(batch, decoder);
  } finally {
    batch.images.dispose();
  }
}

/** The loss of each step of learning the three images. */
export async function learn(model: Recogniser, steps: number, learningRate: number): Promise<number[]> {
  const learner = new Learner(model, trainConfigSchema.parse({ weightDecay: 0 }));
  const losses: number[] = [];
  for (let step = 0; step < steps; step += 1) {
    const { loss } = await learner.step(batchFor(model, step), learningRate);
    losses.push(loss);
  }
  return losses;
}
