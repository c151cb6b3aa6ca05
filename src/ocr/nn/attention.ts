import * as tf from '@tensorflow/tfjs-core';
import { ADDITIVE_SCORES, ADDITIVE_SCORES_GRADIENT } from './kernels/kernel-names.js';
import { hasKernel, runKernel } from './kernels/own-kernel.js';

/** Added to the score of a place that is not to be looked at: its weight becomes 0. */
const HIDDEN = -1e9;

/** What to add to scores over `time` places of which each item's first `lengths` count: [batch, time]; undefined if all do. */
export function hiddenPlaces(lengths: readonly number[], time: number): tf.Tensor2D | undefined {
  if (lengths.every((length) => length === time)) return undefined;
  const values = new Float32Array(lengths.length * time);
  lengths.forEach((length, item) => values.fill(HIDDEN, item * time + length, (item + 1) * time));
  return tf.tensor2d(values, [lengths.length, time]);
}

/**
 * Scores of additive attention (Bahdanau, Cho and Bengio 2015): Σ v·tanh(keys + query) over the units.
 * @param keys [batch, time, units], already projected
 * @param query [batch, units], already projected
 * @param v [units]
 * @returns [batch, time]
 */
export function additiveScores(keys: tf.Tensor3D, query: tf.Tensor2D, v: tf.Tensor1D): tf.Tensor2D {
  return tf.tidy(() => (hasKernel(ADDITIVE_SCORES) ? fusedScores : plainScores)(keys, query, v));
}

function plainScores(keys: tf.Tensor3D, query: tf.Tensor2D, v: tf.Tensor1D): tf.Tensor2D {
  return tf.sum(tf.mul(tf.tanh(tf.add(keys, tf.expandDims(query, 1))), v), 2);
}

function fusedScores(keys: tf.Tensor3D, query: tf.Tensor2D, v: tf.Tensor1D): tf.Tensor2D {
  const scores = tf.customGrad((...values) => {
    const [k, q, weights] = values as unknown as [tf.Tensor, tf.Tensor, tf.Tensor];
    const save = values[3] as unknown as tf.GradSaveFunc;
    const [value] = runKernel(ADDITIVE_SCORES, { keys: k, query: q, v: weights });
    save([k, q, weights]);
    return {
      value: value!,
      gradFunc: (dy, [savedKeys, savedQuery, savedWeights]) =>
        runKernel(ADDITIVE_SCORES_GRADIENT, { dy, keys: savedKeys, query: savedQuery, v: savedWeights }),
    };
  });
  return scores(keys, query, v) as tf.Tensor2D;
}

/**
 * Scores of multiplicative attention (Luong, Pham and Manning 2015, the form "general"): keys · query.
 * @param keys [batch, time, units], already projected
 * @param query [batch, units]
 * @returns [batch, time]
 */
export function multiplicativeScores(keys: tf.Tensor3D, query: tf.Tensor2D): tf.Tensor2D {
  return tf.tidy(() => {
    const [batch, time] = keys.shape;
    return tf.reshape(tf.matMul(keys, tf.expandDims(query, 2)), [batch, time]);
  });
}

/**
 * The mean of `values` weighted with the softmax of `scores`.
 * @param scores [batch, time]
 * @param values [batch, time, features]
 * @param hidden from `hiddenPlaces`
 * @returns [batch, features]
 */
export function attend(scores: tf.Tensor2D, values: tf.Tensor3D, hidden?: tf.Tensor2D): tf.Tensor2D {
  return tf.tidy(() => {
    const [batch, , features] = values.shape;
    const weights = tf.softmax(hidden === undefined ? scores : tf.add(scores, hidden));
    return tf.reshape(tf.matMul(tf.expandDims(weights, 1), values), [batch, features]);
  });
}

/** Projections of `selfAttention`, each [features, features] and [features]. */
export interface SelfAttentionWeights {
  /** Query, key and value side by side: [features, 3·features]. */
  kernel: tf.Tensor2D;
  /** [3·features] */
  bias: tf.Tensor1D;
  outputKernel: tf.Tensor2D;
  outputBias: tf.Tensor1D;
}

/**
 * Scaled dot-product attention of a sequence with itself, in several heads (Vaswani et al. 2017).
 * @param inputs [batch, time, features], features divisible by `heads`
 * @param hidden from `hiddenPlaces`
 * @returns [batch, time, features]
 */
export function selfAttention(
  inputs: tf.Tensor3D,
  weights: SelfAttentionWeights,
  { heads, hidden }: { heads: number; hidden?: tf.Tensor2D | undefined },
): tf.Tensor3D {
  return tf.tidy(() => {
    const [batch, time, features] = inputs.shape;
    const size = features / heads;
    const flat = tf.reshape(inputs, [batch * time, features]);
    const projected = tf.add(tf.matMul(flat, weights.kernel), weights.bias);
    // [3, batch, heads, time, size]
    const parts = tf.transpose(tf.reshape(projected, [batch, time, 3, heads, size]), [2, 0, 3, 1, 4]);
    const [query, key, value] = tf.unstack(tf.reshape(parts, [3, batch * heads, time, size])) as [
      tf.Tensor3D,
      tf.Tensor3D,
      tf.Tensor3D,
    ];
    const scores = tf.mul(tf.matMul(query, key, false, true), 1 / Math.sqrt(size));
    const shown = hidden === undefined ? scores : hideKeys(scores as tf.Tensor3D, hidden, heads);
    const mixed = tf.reshape(tf.matMul(tf.softmax(shown), value), [batch, heads, time, size]);
    const joined = tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [batch * time, features]);
    const result = tf.add(tf.matMul(joined as tf.Tensor2D, weights.outputKernel), weights.outputBias);
    return tf.reshape(result, [batch, time, features]);
  });
}

/** Scores [batch·heads, time, time] with the same places hidden from every head and every place. */
function hideKeys(scores: tf.Tensor3D, hidden: tf.Tensor2D, heads: number): tf.Tensor {
  const [batch, time] = hidden.shape;
  const apart = tf.reshape(scores, [batch, heads * time, time]);
  return tf.reshape(tf.add(apart, tf.expandDims(hidden, 1)), [batch * heads, time, time]);
}
