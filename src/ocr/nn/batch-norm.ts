import * as tf from '@tensorflow/tfjs-core';
import { BATCH_NORM } from './kernels/kernel-names.js';
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

export interface BatchNormTrainingOptions extends BatchNormOptions {
  /** Columns of each image that count, ≤ width; what stands beyond is left out of the statistics and becomes 0. All when absent. */
  columns?: readonly number[] | undefined;
}

/** Added to every variance unless the caller says otherwise. */
const BATCH_NORM_EPSILON = 1e-5;

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
  options: BatchNormTrainingOptions = {},
): NormalisedBatch {
  const width = inputs.shape[2];
  const masked = options.columns?.some((count) => count < width) === true;
  if (!hasKernel(BATCH_NORM))
    return normaliseWithOps(inputs, weights, masked ? options : { ...options, columns: undefined });
  const { gamma, beta } = weights;
  const columns = tf.tensor1d(masked ? [...options.columns!] : [], 'int32');
  const relu = options.activation === 'relu';
  const attributes = { epsilon: options.epsilon ?? BATCH_NORM_EPSILON, relu, masked };
  const results = runKernel(BATCH_NORM, { x: inputs, gamma, beta, columns }, attributes);
  columns.dispose();
  const [outputs, mean, variance] = results as [tf.Tensor4D, tf.Tensor1D, tf.Tensor1D];
  return { outputs, mean, variance };
}

function normaliseWithOps(
  inputs: tf.Tensor4D,
  { gamma, beta }: BatchNormWeights,
  { epsilon = BATCH_NORM_EPSILON, activation, columns }: BatchNormTrainingOptions,
): NormalisedBatch {
  const [outputs, mean, variance] = tf.tidy(() => {
    const mask = columns === undefined ? undefined : columnMask(columns, inputs.shape[2]);
    const moments = momentsOf(inputs, mask);
    const scale = tf.mul(gamma, tf.rsqrt(tf.add(moments.variance, epsilon)));
    const shifted = tf.add(tf.mul(tf.sub(inputs, moments.mean), scale), beta);
    const normalised = mask === undefined ? shifted : tf.mul(shifted, mask);
    const result = activation === 'relu' ? tf.relu(normalised) : normalised;
    return [result, moments.mean, moments.variance] as [tf.Tensor4D, tf.Tensor1D, tf.Tensor1D];
  });
  return { outputs, mean, variance };
}

/** 1 for a column that counts: [batch, 1, width, 1]. */
function columnMask(columns: readonly number[], width: number): tf.Tensor4D {
  const values = columns.flatMap((count) => Array.from({ length: width }, (_, x) => (x < count ? 1 : 0)));
  return tf.tensor4d(values, [columns.length, 1, width, 1]);
}

function momentsOf(
  inputs: tf.Tensor4D,
  mask: tf.Tensor4D | undefined,
): { mean: tf.Tensor; variance: tf.Tensor } {
  const axes = [0, 1, 2];
  if (mask === undefined) return tf.moments(inputs, axes);
  const count = tf.maximum(tf.mul(tf.sum(mask), inputs.shape[1]), 1);
  const mean = tf.div(tf.sum(tf.mul(inputs, mask), axes), count);
  const centred = tf.mul(tf.sub(inputs, mean), mask);
  return { mean, variance: tf.div(tf.sum(tf.square(centred), axes), count) };
}
