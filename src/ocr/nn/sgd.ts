import * as tf from '@tensorflow/tfjs-core';
import { fullGradient, keptShare, NO_DECAY, type UpdateRule, type WeightDecay } from './optimiser.js';

export interface SgdOptions {
  /** Share of the velocity that each step keeps (Polyak 1964); 0 unless given. */
  momentum?: number | undefined;
  /** Looks ahead along the velocity (Sutskever et al. 2013, in PyTorch's form); false unless given. */
  nesterov?: boolean | undefined;
  /** None unless given. */
  weightDecay?: WeightDecay | undefined;
}

/** Stochastic gradient descent: v = momentum·v + g; weight −= lr·v, or lr·(g + momentum·v) with Nesterov. */
export function sgd({ momentum = 0, nesterov = false, weightDecay = NO_DECAY }: SgdOptions = {}): UpdateRule {
  return {
    slots: momentum > 0 ? ['velocity'] : [],
    update(weight, gradient, { velocity }, { learningRate, gradientScale }) {
      tf.tidy(() => {
        const full = fullGradient(gradient, weight, { decay: weightDecay, gradientScale });
        velocity?.assign(tf.add(tf.mul(velocity, momentum), full));
        const ahead = velocity && nesterov ? tf.add(full, tf.mul(velocity, momentum)) : (velocity ?? full);
        const kept = tf.mul(weight, keptShare(weightDecay, learningRate));
        weight.assign(tf.sub(kept, tf.mul(ahead, learningRate)));
      });
    },
  };
}
