import type { CheckedSample } from './sample-table.js';
import { dataOrder, type DataOrder } from './data-order.js';
import { repeatsOf } from './sampling.js';
import type { TrainConfig } from './train-config.js';

/** Which samples a step learns from. */
export interface PlannedBatch {
  /** Counts from 0 over the whole training. */
  step: number;
  /** Counts from 0. */
  epoch: number;
  /** Passes over the data before this one. */
  pass: number;
  images: PlannedImage[];
}

export interface PlannedImage {
  /** Its place among the samples. */
  index: number;
  /** 0 when a pass shows it first, 1 the second time, and so on. */
  copy: number;
}

/** The batches of a whole training: what a step sees depends on the seed and its number alone. */
export interface BatchPlan {
  readonly stepsPerEpoch: number;
  /** The batches of the steps from `firstStep` to before `endStep`. */
  batches(firstStep: number, endStep: number): Iterator<PlannedBatch, undefined>;
}

/** An epoch is one pass over the data unless `stepsPerEpoch` says otherwise; then the next one goes on where it ended. */
export function batchPlan(
  samples: Iterable<Pick<CheckedSample, 'text' | 'filledPx'>>,
  train: Pick<TrainConfig, 'seed' | 'batchSize' | 'batchPixels' | 'balance' | 'stepsPerEpoch'>,
): BatchPlan {
  const order = dataOrder({
    widthsPx: Array.from(samples, ({ filledPx }) => filledPx),
    repeats: repeatsOf(samples, train.balance),
    batchSize: train.batchSize,
    batchPixels: train.batchPixels,
    seed: train.seed,
  });
  const stepsPerEpoch = train.stepsPerEpoch ?? order.batchesPerPass;
  return {
    stepsPerEpoch,
    batches: (firstStep, endStep) => planned({ order, stepsPerEpoch }, firstStep, endStep),
  };
}

function* planned(
  { order, stepsPerEpoch }: { order: DataOrder; stepsPerEpoch: number },
  firstStep: number,
  endStep: number,
): Generator<PlannedBatch, undefined> {
  const { batchesPerPass } = order;
  let step = firstStep;
  while (step < endStep) {
    const pass = Math.floor(step / batchesPerPass);
    const place = step % batchesPerPass;
    for (const images of withCopies(order.batches(pass), place)) {
      if (step === endStep) break;
      yield { step, epoch: Math.floor(step / stepsPerEpoch), pass, images };
      step += 1;
    }
  }
  return undefined;
}

/** The batches of one pass from the one at `first` on. */
function* withCopies(batches: readonly number[][], first: number): Generator<PlannedImage[]> {
  const shown = new Map<number, number>();
  for (const [place, batch] of batches.entries()) {
    const images = batch.map((index) => {
      const copy = shown.get(index) ?? 0;
      shown.set(index, copy + 1);
      return { index, copy };
    });
    if (place >= first) yield images;
  }
}
