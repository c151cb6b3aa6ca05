import * as tf from '@tensorflow/tfjs-core';
import { CONV2D_BIAS_RELU } from './kernels/kernel-names.js';
import { hasKernel, runKernel } from './kernels/own-kernel.js';
import { matMulPanels } from './panels.js';

export type Padding = 'same' | 'valid';

/** What a convolution does besides its filter. */
export interface Conv2dOptions {
  /** [outChannels]; none when absent. */
  bias?: tf.Tensor1D | undefined;
  /** `same` unless given. Strides are 1. */
  padding?: Padding | undefined;
  /** See `winogradPoints`. */
  points?: tf.Tensor | undefined;
  /** `none` unless given. */
  activation?: 'relu' | 'none' | undefined;
}

/**
 * Convolution with stride 1.
 * @param inputs [batch, height, width, inChannels]
 * @param filter [filterHeight, filterWidth, inChannels, outChannels]
 * @returns [batch, outHeight, outWidth, outChannels]
 */
export function conv2d(inputs: tf.Tensor4D, filter: tf.Tensor4D, options: Conv2dOptions = {}): tf.Tensor4D {
  const { bias, points, padding = 'same', activation = 'none' } = options;
  const relu = activation === 'relu';
  if ((relu || bias !== undefined) && hasKernel(CONV2D_BIAS_RELU)) {
    const attributes = { pad: padding, relu, bias: bias !== undefined };
    return runKernel(CONV2D_BIAS_RELU, { x: inputs, filter, bias, points }, attributes)[0] as tf.Tensor4D;
  }
  return tf.tidy(() => {
    const product = tf.conv2d(inputs, filter, 1, padding);
    const shifted = bias === undefined ? product : tf.add<tf.Tensor4D>(product, bias);
    return relu ? tf.relu(shifted) : shifted;
  });
}

/** Largest value of each window; windows do not overlap unless `strides` says so, and what does not fill one is dropped. */
export function maxPool2d(
  inputs: tf.Tensor4D,
  size: [number, number],
  strides: [number, number] = size,
): tf.Tensor4D {
  return tf.maxPool(inputs, size, strides, 'valid');
}

/**
 * Convolution of each channel with a filter of its own, stride 1, filled up with zeros to the same size.
 * @param inputs [batch, height, width, channels]
 * @param filter [filterHeight, filterWidth, channels, 1]
 */
export function depthwiseConv2d(inputs: tf.Tensor4D, filter: tf.Tensor4D): tf.Tensor4D {
  return tf.depthwiseConv2d(inputs, filter, 1, 'same');
}

/** The product of the last axis with kernel [features, units], plus bias [units]. `panels`: see `packMatrix`. */
export function dense(
  inputs: tf.Tensor,
  kernel: tf.Tensor2D,
  { bias, panels }: { bias?: tf.Tensor1D | undefined; panels?: tf.Tensor | undefined } = {},
): tf.Tensor {
  return tf.tidy(() => {
    const [features, units] = kernel.shape;
    const product = matMulPanels(tf.reshape<tf.Rank.R2>(inputs, [-1, features]), kernel, panels);
    const shifted = bias === undefined ? product : tf.add(product, bias);
    return tf.reshape(shifted, [...inputs.shape.slice(0, -1), units]);
  });
}

/** Inverted dropout: each value is 0 with probability `rate`, else divided by 1 − rate. The same seed drops the same values, on every backend. */
export function dropout(inputs: tf.Tensor, rate: number, seed: number): tf.Tensor {
  if (rate === 0) return inputs;
  return tf.tidy(() => {
    const mask = dropoutMask(tf.util.sizeFromShape(inputs.shape), rate, seed);
    return tf.mul(inputs, tf.tensor(mask, inputs.shape));
  });
}

/** tfjs's own seeded generator takes longer than the layers around it; this one (mulberry32) takes a few nanoseconds a value. */
function dropoutMask(size: number, rate: number, seed: number): Float32Array {
  const threshold = rate * 2 ** 32;
  const kept = 1 / (1 - rate);
  const mask = new Float32Array(size);
  let state = Math.imul(seed, 0x9e3779b1);
  for (let i = 0; i < size; i++) {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    if ((bits ^ (bits >>> 14)) >>> 0 >= threshold) mask[i] = kept;
  }
  return mask;
}

/**
 * The mean over the height of each column.
 * @param inputs [batch, height, width, channels]
 * @returns [batch, width, channels]
 */
export function averageColumns(inputs: tf.Tensor4D): tf.Tensor3D {
  return tf.mean(inputs, 1);
}
