import { z } from 'zod';
import { OcrpipeError } from '../../base/errors.js';
import { batchImages } from './batch-images.js';
import type { StepResult } from './learner.js';
import type { TrainConfig } from './train-config.js';
import type { TrainingBatch } from './training-batches.js';

/** What was usual until now; a checkpoint keeps it. */
export const watchStateSchema = z.object({
  /** Of the last steps that were not far above the others. */
  losses: z.array(z.number()),
  norms: z.array(z.number()),
  /** Steps in a row that were. */
  strikes: z.int(),
});
export type WatchState = z.infer<typeof watchStateSchema>;

/** Steps whose median counts as usual. */
const WINDOW = 101;
/** Fewer tell nothing. */
const LEAST = 20;
/** Of what is usual no less is taken: a loss (nats a character) or a norm that was all but 0 may well grow many times. */
const LEAST_LOSS = 0.1;
const LEAST_NORM = 1;

/** Looks at each step for a loss or a gradient that is far above what is usual, step after step. */
export class DivergenceWatch {
  readonly #factor: number;
  readonly #steps: number;
  #state: WatchState;

  constructor(config: Pick<TrainConfig, 'explodingFactor' | 'explodingSteps'>, earlier?: WatchState) {
    this.#factor = config.explodingFactor;
    this.#steps = config.explodingSteps;
    this.#state = earlier ?? { losses: [], norms: [], strikes: 0 };
  }

  /** Throws `loss-exploding` once so many steps in a row as the settings say were far above the median; never with the factor 0. */
  look(batch: TrainingBatch, { loss, gradientNorm }: StepResult): void {
    if (this.#factor === 0) return;
    const { losses, norms, strikes } = this.#state;
    const usualLoss = Math.max(LEAST_LOSS, median(losses));
    const usualNorm = Math.max(LEAST_NORM, median(norms));
    const isFar = loss > this.#factor * usualLoss || gradientNorm > this.#factor * usualNorm;
    if (losses.length >= LEAST && isFar) {
      this.#state = { losses, norms, strikes: strikes + 1 };
      if (strikes + 1 < this.#steps) return;
      throw exploding(batch, this.#steps, { loss, gradientNorm, usualLoss, usualNorm });
    }
    const longer = (values: number[], value: number): number[] => [...values.slice(1 - WINDOW), value];
    this.#state = { losses: longer(losses, loss), norms: longer(norms, gradientNorm), strikes: 0 };
  }

  state(): WatchState {
    return this.#state;
  }
}

/** The middle value; 0 of none. */
function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

function exploding(
  batch: TrainingBatch,
  steps: number,
  figures: { loss: number; gradientNorm: number; usualLoss: number; usualNorm: number },
): OcrpipeError {
  const code = 'loss-exploding';
  const { named, problems } = batchImages(batch, code);
  const shown = (value: number): string => value.toPrecision(3);
  const { loss, usualLoss, gradientNorm, usualNorm } = figures;
  return new OcrpipeError(
    code,
    `training diverged: for ${steps} steps the loss or its gradient is far above what is usual, at step ${batch.step + 1} (epoch ` +
      `${batch.epoch + 1}) loss ${shown(loss)} beside ${shown(usualLoss)}, length of the gradient ${shown(gradientNorm)} beside ` +
      `${shown(usualNorm)} (${named})`,
    {
      problems,
      hint: "Lower 'train.learningRate' or 'train.clipNorm', or raise 'train.warmupSteps'; 'train.explodingFactor: 0' goes on whatever happens.",
    },
  );
}
