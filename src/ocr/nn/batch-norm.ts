import * as tf from '@tensorflow/tfjs-core';
import { BATCH_NORM, SCALE_SHIFT } from './kernels/kernel-names.js';
import { hasKernel, runKernel } from './kernels/own-kernel.js';

/** Learnt scale and shift of a normalisation, [channels] each. */
export interface BatchNormWeights {
  gamma: tf.Tensor1D;
  beta: tf.Tensor1D;
}

/** Statistics gathered over training, [channels] each. */
export interface BatchNormStatistics {
  mean: tf.Tensor1D;
  variance: tf.Tensor1D;
}

export interface BatchNormOptions {
  /** Added to the variance; 1e-5 unless given. */
  epsilon?: number | undefined;
  /** `none` unless given. */
  activation?: 'relu' | 'none' | undefined;
}

/** Added to every variance unless the caller says otherwise. */
export const BATCH_NORM_EPSILON = 1e-5;

/** A normalised batch and the statistics it was normalised with. */
export interface NormalisedBatch extends BatchNormStatistics {
  outputs: tf.Tensor4D;
}

/**
 * Batch normalisation (Ioffe and Szegedy 2015) over all axes but the last, with this batch's own mean and biased variance.
 * The gradient flows through both; `mean` and `variance` themselves are returned for the running averages, without gradient.
 * The caller disposes of all three.
 */
export function batchNormTraining(
  inputs: tf.Tensor4D,
  weights: BatchNormWeights,
  options: BatchNormOptions = {},
): NormalisedBatch {
  const { epsilon = BATCH_NORM_EPSILON, activation = 'none' } = options;
  const relu = activation === 'relu';
  if (hasKernel(BATCH_NORM)) {
    const { gamma, beta } = weights;
    const results = runKernel(BATCH_NORM, { x: inputs, gamma, beta }, { epsilon, relu });
    const [outputs, mean, variance] = results as [tf.Tensor4D, tf.Tensor1D, tf.Tensor1D];
    return { outputs, mean, variance };
  }
  const [outputs, mean, variance] = tf.tidy(() => {
    const moments = tf.moments(inputs, [0, 1, 2]);
    const scale = tf.mul(weights.gamma, tf.rsqrt(tf.add(moments.variance, epsilon)));
    const normalised = tf.add(tf.mul(tf.sub(inputs, moments.mean), scale), weights.beta);
    return [relu ? tf.relu(normalised) : normalised, moments.mean, moments.variance] as [
      tf.Tensor4D,
      tf.Tensor1D,
      tf.Tensor1D,
    ];
  });
  return { outputs, mean, variance };
}

/** Batch normalisation with statistics gathered before: a scale and a shift for each channel. */
export function batchNormInference(
  inputs: tf.Tensor4D,
  weights: BatchNormWeights & BatchNormStatistics,
  options: BatchNormOptions = {},
): tf.Tensor4D {
  const { epsilon = BATCH_NORM_EPSILON, activation = 'none' } = options;
  return tf.tidy(() => {
    const scale = tf.mul(weights.gamma, tf.rsqrt(tf.add(weights.variance, epsilon)));
    const shift = tf.sub(weights.beta, tf.mul(weights.mean, scale));
    if (hasKernel(SCALE_SHIFT) && !tf.engine().state.gradientDepth) {
      const attributes = { relu: activation === 'relu' };
      return runKernel(SCALE_SHIFT, { x: inputs, scale, shift }, attributes)[0] as tf.Tensor4D;
    }
    const outputs = tf.add<tf.Tensor4D>(tf.mul(inputs, scale), shift);
    return activation === 'relu' ? tf.relu(outputs) : outputs;
  });
}
