import type { ImageLoader } from '../loading/image-loader.js';
import type { Alphabet } from '../text/alphabet.js';
import { cutBatches } from '../models/batch-cuts.js';
import { batchFrame, frameShape, type BatchArray } from '../models/image-batch.js';
import type { BatchPlan, PlannedBatch } from './batch-plan.js';
import type { CheckedSample, SampleTable } from './sample-table.js';
import type { TrainingSettings } from './train-config.js';

/** A sample that is learnt from. */
export interface TrainingSample extends CheckedSample {
  /** Absolute path of the image. */
  file: string;
  /** Class indices. */
  label: Int32Array;
}

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

/** A wait that is longer than this is one that another thread may shorten. */
const HURRY_AFTER_MS = 2;

export interface BatchSource {
  samples: SampleTable;
  /** Has all characters of the labels. */
  alphabet: Alphabet;
  plan: BatchPlan;
  settings: TrainingSettings;
  loader: ImageLoader;
  /** Pixels of width that one part may have, all its images filled up to the widest. */
  widthPx: number;
  /** Told how many milliseconds a batch was waited for. */
  onWait: (ms: number) => void;
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
  const { loader, onWait } = source;
  const waiting: Promise<TrainingBatch>[] = [];
  const plan = source.plan.batches(firstStep, endStep);
  for (let taken = 0; ; taken += 1) {
    while (waiting.length < loader.ahead) {
      const next = plan.next();
      if (next.done === true) break;
      const batch = makeBatch(source, next.value);
      // A failure surfaces when its turn comes; until then it must not count as unhandled.
      batch.catch(() => undefined);
      waiting.push(batch);
    }
    const batch = waiting.shift();
    if (batch === undefined) return;
    const asked = performance.now();
    const made = await batch;
    const waitedMs = performance.now() - asked;
    // The first ones are waited for however many threads there are.
    if (waitedMs > HURRY_AFTER_MS && taken > loader.ahead) loader.hurry();
    onWait(waitedMs);
    yield made;
  }
}

async function makeBatch(
  source: BatchSource,
  { step, epoch, pass, images }: PlannedBatch,
): Promise<TrainingBatch> {
  const { settings, loader, widthPx } = source;
  const planned = images.map(({ index, copy }): PlannedImage => {
    const streams = copy === 0 ? [pass, index] : [pass, index, copy];
    return { sample: trainingSample(source, index), streams };
  });
  const cuts = cutBatches(planned, ({ sample }) => sample.filledPx, { images: Infinity, area: widthPx });
  const drafts = cuts.map((cut) => draftPart(cut, settings.model));
  const values = await loader.batch(drafts);
  const parts = drafts.map(({ part }, place): BatchPart => ({ ...part, values: values[place]! }));
  return { step, epoch, samples: planned.map(({ sample }) => sample), parts };
}

function trainingSample({ samples, alphabet, loader }: BatchSource, index: number): TrainingSample {
  const sample = samples.get(index);
  return { ...sample, file: loader.file(sample.image), label: alphabet.encode(sample.text)! };
}

/** A sample, and the names of the random numbers that vary it. */
interface PlannedImage {
  sample: TrainingSample;
  streams: readonly number[];
}

/** What is known of a part before its images are loaded. */
function draftPart(planned: readonly PlannedImage[], model: TrainingSettings['model']) {
  const samples = planned.map(({ sample }) => sample);
  const frame = batchFrame(samples, model);
  const images = planned.map(({ sample, streams }) => ({ image: sample.image, streams }));
  const steps = samples.map((sample) => sample.steps);
  return { images, frame, part: { shape: frameShape(frame), steps, samples } };
}
