import * as tf from '@tensorflow/tfjs-core';
import { batchNormTraining } from '../nn/batch-norm.js';
import { ones, zeros } from './initialise.js';
import type { VariableMaker } from './variables.js';

/** Keeps the variance of a constant channel away from zero. */
export const BATCH_NORM_EPSILON = 1e-3;
/** Share of the old moving average that one training batch keeps. */
const MOMENTUM = 0.95;

/**
 * Batch normalisation over everything but the channels (Ioffe and Szegedy 2015), with filled columns left out of the
 * averages and set to zero in the result, so that no image feels how wide its neighbours are.
 */
export class BatchNorm {
  readonly #gamma: tf.Variable<tf.Rank.R1>;
  readonly #beta: tf.Variable<tf.Rank.R1>;
  readonly #mean: tf.Variable<tf.Rank.R1>;
  readonly #variance: tf.Variable<tf.Rank.R1>;

  constructor(store: VariableMaker, name: string, channels: number) {
    this.#gamma = store.weight(`${name}/gamma`, [channels], ones);
    this.#beta = store.weight(`${name}/beta`, [channels], zeros);
    this.#mean = store.state(`${name}/mean`, [channels], zeros);
    this.#variance = store.state(`${name}/variance`, [channels], ones);
  }

  /** The linear map that the moving averages give, for reading: result = x * scale + shift, each [channels]. */
  asLinear(): { scale: tf.Tensor1D; shift: tf.Tensor1D } {
    const scale = tf.mul<tf.Tensor1D>(this.#gamma, tf.rsqrt(tf.add(this.#variance, BATCH_NORM_EPSILON)));
    return { scale, shift: tf.sub(this.#beta, tf.mul(this.#mean, scale)) };
  }

  /**
   * [batch, height, width, channels] -> the same shape, by this batch's own averages, which move the kept ones, then
   * rectified. `columns`: how many of each image's columns count.
   */
  train(x: tf.Tensor4D, columns: readonly number[]): tf.Tensor4D {
    const weights = { gamma: this.#gamma, beta: this.#beta };
    const options = { epsilon: BATCH_NORM_EPSILON, activation: 'relu', columns } as const;
    const { outputs, mean, variance } = batchNormTraining(x, weights, options);
    moveAverage(this.#mean, mean);
    moveAverage(this.#variance, variance);
    return outputs;
  }
}

function moveAverage(kept: tf.Variable, seen: tf.Tensor): void {
  tf.tidy(() => {
    kept.assign(tf.add(tf.mul(kept, MOMENTUM), tf.mul(seen, 1 - MOMENTUM)));
  });
}
