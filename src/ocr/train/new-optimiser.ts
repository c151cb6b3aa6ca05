import { adam } from '../nn/adam.js';
import { Optimiser } from '../nn/optimiser.js';
import { sgd } from '../nn/sgd.js';
import type { TrainConfig } from './train-config.js';

/** The optimiser that the section `train` describes. */
export function newOptimiser(config: TrainConfig): Optimiser {
  const { amsgrad, momentum, nesterov } = config;
  const weightDecay = { amount: config.weightDecay, mode: config.weightDecayMode };
  const rule =
    config.optimizer === 'adam' ? adam({ weightDecay, amsgrad }) : sgd({ weightDecay, momentum, nesterov });
  return new Optimiser(rule, { value: config.clipValue, norm: config.clipNorm });
}
