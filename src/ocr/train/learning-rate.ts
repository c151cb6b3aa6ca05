import type { TrainConfig } from './train-config.js';

/** Where a step stands in a training. */
export interface StepPlace {
  /** Counts from 0. */
  step: number;
  totalSteps: number;
  /** The monitored figure of each validation before the step, in order; smaller is better. */
  figures: readonly number[];
}

/** The learning rate of a step: a straight rise over `warmupSteps`, then as the schedule says. */
export function learningRateAt(place: StepPlace, config: TrainConfig): number {
  return config.learningRate * shareAt(place, config);
}

function shareAt(place: StepPlace, config: TrainConfig): number {
  const { step, totalSteps } = place;
  const { warmupSteps } = config;
  if (config.schedule === 'oneCycle') return oneCycleShare(place, config);
  if (step < warmupSteps) return (step + 1) / warmupSteps;
  if (config.schedule === 'constant') return 1;
  if (config.schedule === 'plateau') return plateauShare(place.figures, config);
  const progress = Math.min(1, (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
  return halfCosine(1, config.finalLearningRate, progress);
}

/** Half a cosine (Loshchilov and Hutter 2017, without restarts). */
function halfCosine(from: number, to: number, progress: number): number {
  return to + ((from - to) * (1 + Math.cos(Math.PI * progress))) / 2;
}

/** A rise and a longer fall, both along half a cosine (Smith and Topin 2018, "Super-Convergence"). */
function oneCycleShare({ step, totalSteps }: StepPlace, config: TrainConfig): number {
  const { oneCycleRise, oneCycleStart, finalLearningRate } = config;
  const top = oneCycleRise * totalSteps - 1;
  if (step <= top) return halfCosine(oneCycleStart, 1, top <= 0 ? 1 : step / top);
  const fall = totalSteps - 1 - Math.max(0, top);
  return halfCosine(1, finalLearningRate, Math.min(1, (step - Math.max(0, top)) / Math.max(1, fall)));
}

/** Smaller by `plateauFactor` after each more than `plateauPatience` validations in a row that were no better than the best. */
function plateauShare(figures: readonly number[], config: TrainConfig): number {
  let best = Infinity;
  let stale = 0;
  let share = 1;
  for (const figure of figures) {
    stale = figure < best ? 0 : stale + 1;
    best = Math.min(best, figure);
    if (stale <= config.plateauPatience) continue;
    share = Math.max(config.finalLearningRate, share * config.plateauFactor);
    stale = 0;
  }
  return share;
}
