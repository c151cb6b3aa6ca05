import type { TrainConfig } from './train-config.js';

/**
 * The learning rate of a step, counted from 0, of `totalSteps`: a straight rise over `warmupSteps`, then half a cosine
 * down to `finalLearningRate` (Loshchilov and Hutter 2017, without restarts), or no change.
 */
export function learningRateAt(step: number, totalSteps: number, config: TrainConfig): number {
  const { learningRate, warmupSteps, finalLearningRate } = config;
  if (step < warmupSteps) return (learningRate * (step + 1)) / warmupSteps;
  if (config.schedule === 'constant') return learningRate;
  const progress = Math.min(1, (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
  const share = finalLearningRate + ((1 - finalLearningRate) * (1 + Math.cos(Math.PI * progress))) / 2;
  return learningRate * share;
}
