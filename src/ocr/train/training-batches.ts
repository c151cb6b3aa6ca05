import { randomFrom } from '../../base/random.js';
import { augment } from '../images/augment.js';
import type { Pixels } from '../images/load.js';
import { cutBatches } from '../models/batch-cuts.js';
import { batchArray, type BatchArray } from '../models/image-batch.js';
import type { BatchPlan, PlannedBatch } from './batch-plan.js';
import type { TrainingSample } from './data-set.js';
import type { ImageCache } from './image-cache.js';
import type { TrainingSettings } from './train-config.js';

/** One step's images, varied, and labels. */
export interface TrainingBatch {
  /** Counts from 0 over the whole training. */
  step: number;
  /** Counts from 0. */
  epoch: number;
  samples: TrainingSample[];
  /** The same samples in parts that memory holds one at a time: one part, unless the images are very wide. */
  parts: BatchPart[];
}

/** Images that are computed together. */
export interface BatchPart extends BatchArray {
  samples: TrainingSample[];
}

/** Batches made ahead of the one in use. */
const AHEAD = 3;

export interface BatchSource {
  samples: readonly TrainingSample[];
  plan: BatchPlan;
  settings: TrainingSettings;
  cache: ImageCache;
  /** Pixels of width that one part may have, all its images filled up to the widest. */
  widthPx: number;
}

/**
 * The batches of the steps from `firstStep` to before `endStep`. What a step sees depends on the seed and its number alone, so
 * that a stopped training goes on with the very same batches. The next few are made while one is in use.
 */
export async function* trainingBatches(
  source: BatchSource,
  firstStep: number,
  endStep: number,
): AsyncGenerator<TrainingBatch> {
  const waiting: Promise<TrainingBatch>[] = [];
  const plan = source.plan.batches(firstStep, endStep);
  for (;;) {
    while (waiting.length < AHEAD) {
      const next = plan.next();
      if (next.done === true) break;
      const batch = makeBatch(source, next.value);
      // A failure surfaces when its turn comes; until then it must not count as unhandled.
      batch.catch(() => undefined);
      waiting.push(batch);
    }
    const batch = waiting.shift();
    if (batch === undefined) return;
    yield await batch;
  }
}

async function makeBatch(
  { samples, settings, cache, widthPx }: BatchSource,
  { step, epoch, pass, images: planned }: PlannedBatch,
): Promise<TrainingBatch> {
  const chosen = planned.map(({ index }) => samples[index]!);
  const images = await Promise.all(chosen.map((sample) => cache.load(sample.file)));
  const varied = images.map((image, place): VariedSample => {
    const { index, copy } = planned[place]!;
    const streams = copy === 0 ? [pass, index] : [pass, index, copy];
    const random = randomFrom(settings.train.seed, 'augment', ...streams);
    return { image: augment(image, settings.augment, random), sample: chosen[place]! };
  });
  const cuts = cutBatches(varied, ({ sample }) => sample.filledPx, { images: Infinity, area: widthPx });
  const parts = cuts.map((part) => ({
    ...batchArray(
      part.map(({ image }) => image),
      settings.model,
    ),
    samples: part.map(({ sample }) => sample),
  }));
  return { step, epoch, samples: chosen, parts };
}

interface VariedSample {
  image: Pixels;
  sample: TrainingSample;
}
