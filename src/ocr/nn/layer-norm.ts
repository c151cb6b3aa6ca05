import * as tf from '@tensorflow/tfjs-core';
import { LAYER_NORM, LAYER_NORM_GRADIENT } from './kernels/kernel-names.js';
import { hasKernel, runKernel } from './kernels/own-kernel.js';

/** Added to every variance. */
export const LAYER_NORM_EPSILON = 1e-5;

/**
 * Layer normalisation (Ba, Kiros and Hinton 2016) over the last axis, with its own mean and biased variance for each row.
 * @param gamma [features], the learnt scale
 * @param beta [features], the learnt shift
 */
export function layerNorm<T extends tf.Tensor>(inputs: T, gamma: tf.Tensor1D, beta: tf.Tensor1D): T {
  return tf.tidy(
    () => (hasKernel(LAYER_NORM) ? fused(inputs, gamma, beta) : plain(inputs, gamma, beta)) as T,
  );
}

function fused(inputs: tf.Tensor, gamma: tf.Tensor1D, beta: tf.Tensor1D): tf.Tensor {
  const normalise = tf.customGrad((...values) => {
    const [x, scale, shift] = values as unknown as [tf.Tensor, tf.Tensor, tf.Tensor];
    const save = values[3] as unknown as tf.GradSaveFunc;
    const kernelInputs = { x, gamma: scale, beta: shift };
    const [y, statistics] = runKernel(LAYER_NORM, kernelInputs, { epsilon: LAYER_NORM_EPSILON }) as [
      tf.Tensor,
      tf.Tensor,
    ];
    save([x, scale, statistics]);
    return {
      value: y,
      gradFunc: (dy, kept) => {
        const [savedX, savedScale, savedStatistics] = kept;
        return runKernel(LAYER_NORM_GRADIENT, {
          x: savedX,
          gamma: savedScale,
          statistics: savedStatistics,
          dy,
        });
      },
    };
  });
  return normalise(inputs, gamma, beta);
}

function plain(inputs: tf.Tensor, gamma: tf.Tensor1D, beta: tf.Tensor1D): tf.Tensor {
  const { mean, variance } = tf.moments(inputs, -1, true);
  const normal = tf.mul(tf.sub(inputs, mean), tf.rsqrt(tf.add(variance, LAYER_NORM_EPSILON)));
  return tf.add(tf.mul(normal, gamma), beta);
}
