import * as tf from '@tensorflow/tfjs-core';
import { batchNormTraining } from '../nn/batch-norm.js';
import { masked, type ColumnMask } from './column-mask.js';
import { ones, zeros } from './initialise.js';
import type { VariableStore } from './variables.js';

/** Keeps the variance of a constant channel away from zero. */
const EPSILON = 1e-3;
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

  constructor(store: VariableStore, name: string, channels: number) {
    this.#gamma = store.weight(`${name}/gamma`, [channels], ones);
    this.#beta = store.weight(`${name}/beta`, [channels], zeros);
    this.#mean = store.state(`${name}/mean`, [channels], zeros);
    this.#variance = store.state(`${name}/variance`, [channels], ones);
  }

  /** The linear map that the moving averages give, for reading: result = x * scale + shift, each [channels]. */
  asLinear(): { scale: tf.Tensor1D; shift: tf.Tensor1D } {
    const scale = tf.mul<tf.Tensor1D>(this.#gamma, tf.rsqrt(tf.add(this.#variance, EPSILON)));
    return { scale, shift: tf.sub(this.#beta, tf.mul(this.#mean, scale)) };
  }

  /** [batch, height, width, channels] -> the same shape, by this batch's own averages, which move the kept ones. */
  train(x: tf.Tensor4D, mask: ColumnMask | undefined): tf.Tensor4D {
    const weights = { gamma: this.#gamma, beta: this.#beta };
    if (mask !== undefined) return this.#trainMasked(x, mask);
    const { outputs, mean, variance } = batchNormTraining(x, weights, { epsilon: EPSILON });
    this.#move(mean, variance);
    return outputs;
  }

  #trainMasked(x: tf.Tensor4D, mask: ColumnMask): tf.Tensor4D {
    const normalise = tf.customGrad((...inputs) => {
      const [input, gamma, beta, save] = inputs as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
      const mean = average(input, mask);
      const centred = tf.sub(input, mean);
      const variance = average(tf.square(centred), mask);
      this.#move(mean, variance);
      const inverse = tf.rsqrt(tf.add(variance, EPSILON));
      const value = tf.add(tf.mul(centred, tf.mul(inverse, gamma)), beta);
      // The mask too: what is not saved is gone before the gradient is asked for.
      save([centred, inverse, gamma, mask.columns, mask.positions]);
      return {
        value: masked(value, mask),
        gradFunc: (dy, saved) => gradients(dy, saved, mask.count),
      };
    });
    return normalise(x, this.#gamma, this.#beta) as tf.Tensor4D;
  }

  #move(mean: tf.Tensor1D | tf.Tensor, variance: tf.Tensor1D | tf.Tensor): void {
    moveAverage(this.#mean, mean);
    moveAverage(this.#variance, variance);
  }
}

function moveAverage(kept: tf.Variable, seen: tf.Tensor): void {
  tf.tidy(() => {
    kept.assign(tf.add(tf.mul(kept, MOMENTUM), tf.mul(seen, 1 - MOMENTUM)));
  });
}

/**
 * Average over the columns that hold image, [channels]: a product with the mask is one pass, without the transposition
 * that a sum over the outer axes needs.
 */
function average(value: tf.Tensor, { positions, count }: Pick<ColumnMask, 'positions' | 'count'>): tf.Tensor {
  const channels = value.shape.at(-1)!;
  const sum = tf.matMul(positions, tf.reshape(value, [-1, channels]));
  return tf.reshape(tf.div(sum, count), [channels]);
}

/** Gradients by input, gamma and beta; `saved` is [centred, 1 / deviation, gamma] and the mask's two tensors. */
function gradients(upstream: tf.Tensor, saved: tf.Tensor[], count: number): tf.Tensor[] {
  const [centred, inverse, gamma, columns, positions] = saved as [
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
    tf.Tensor4D,
    tf.Tensor2D,
  ];
  const mask = { columns, positions, count };
  const dy = masked(upstream, mask);
  const meanDy = average(dy, mask);
  const meanDyCentred = average(tf.mul(dy, centred), mask);
  const perCentred = tf.mul(meanDyCentred, tf.square(inverse));
  const inner = tf.sub(tf.sub(dy, meanDy), tf.mul(centred, perCentred));
  return [
    masked(tf.mul(inner, tf.mul(inverse, gamma)), mask),
    tf.mul(tf.mul(meanDyCentred, inverse), count),
    tf.mul(meanDy, count),
  ];
}
