import * as tf from '@tensorflow/tfjs-core';
import { checkBatch, ctcForwardBackward, ctcMinimumSteps } from './ctc-forward-backward.js';
import { CTC } from './kernels/kernel-names.js';
import { hasKernel, runKernel } from './kernels/own-kernel.js';

/**
 * How the losses of a batch become one value, as in PyTorch: `mean` divides each by its label length (at least 1)
 * and averages over the batch, `sum` adds them, `none` keeps [batch].
 */
export type CtcReduction = 'mean' | 'sum' | 'none';

export interface CtcLossOptions {
  /** The class numbers of each item, without blanks; an empty one is allowed. */
  labels: readonly ArrayLike<number>[];
  /** Time steps that count, for each item; all when absent. */
  logitLengths?: ArrayLike<number> | undefined;
  /** The blank's class; the last one unless given. */
  blank?: number | undefined;
  /** `mean` unless given. */
  reduction?: CtcReduction | undefined;
}

export interface CtcLoss {
  /** In nats; a scalar, or [batch] for `none`. */
  loss: tf.Tensor;
  /** Items whose label does not fit their time steps: they count as loss 0 with gradient 0 (PyTorch's `zero_infinity`). */
  unreachable: number[];
}

/**
 * CTC loss of logits [batch, time, classes] (not yet normalised), differentiable with respect to the logits.
 * Reads the logits synchronously, but on a backend with a kernel for it.
 */
export function ctcLoss(logits: tf.Tensor3D, options: CtcLossOptions): CtcLoss {
  return hasKernel(CTC) ? lossByKernel(logits, options) : lossOnHost(logits, options);
}

function lossByKernel(logits: tf.Tensor3D, options: CtcLossOptions): CtcLoss {
  const { labels, logitLengths, reduction = 'mean' } = options;
  const [batch, time, classes] = logits.shape;
  const blank = options.blank ?? classes - 1;
  checkBatch({ batch, time, classes, labels, logitLengths }, blank);
  const lengths = labels.map((_, b) => logitLengths?.[b] ?? time);
  const fits = labels.map((label, b) => ctcMinimumSteps(label) <= lengths[b]!);
  const longest = Math.max(1, ...labels.map((label) => label.length));
  const table = new Int32Array(batch * longest);
  labels.forEach((label, b) => {
    table.set(label, b * longest);
  });
  const extents = labels.flatMap((label, b) => (fits[b]! ? [lengths[b]!, label.length] : [0, 0]));
  const loss = tf.tidy(() => {
    const inputs = {
      labels: tf.tensor2d(table, [batch, longest], 'int32'),
      extents: tf.tensor2d(extents, [batch, 2], 'int32'),
    };
    const weights = tf.tensor1d(Float32Array.from(itemWeights(labels, reduction)));
    const differentiable = tf.customGrad((input, save) => {
      const results = runKernel(CTC, { logits: input as tf.Tensor, ...inputs }, { blank });
      const [losses, gradient] = results as [tf.Tensor, tf.Tensor];
      (save as tf.GradSaveFunc)([tf.mul(gradient, tf.reshape(weights, [batch, 1, 1]))]);
      const value = reduction === 'none' ? losses : tf.sum(tf.mul(losses, weights));
      return { value, gradFunc: (upstream, saved) => timesUpstream(upstream, saved[0]!) };
    });
    return differentiable(logits);
  });
  return { loss, unreachable: fits.flatMap((fit, b) => (fit ? [] : [b])) };
}

function lossOnHost(logits: tf.Tensor3D, options: CtcLossOptions): CtcLoss {
  const [batch, time, classes] = logits.shape;
  const { labels, logitLengths, blank, reduction = 'mean' } = options;
  let unreachable: number[] = [];
  const differentiable = tf.customGrad((input, save) => {
    const values = (input as tf.Tensor).dataSync<'float32'>();
    const result = ctcForwardBackward({ logits: values, batch, time, classes, labels, logitLengths, blank });
    unreachable = result.unreachable;
    const weights = itemWeights(labels, reduction);
    (save as tf.GradSaveFunc)([scaledGradient(result.gradient, [batch, time, classes], weights)]);
    return {
      value: reduceLosses(result.losses, weights, reduction),
      gradFunc: (upstream, saved) => timesUpstream(upstream, saved[0]!),
    };
  });
  return { loss: differentiable(logits), unreachable };
}

/** What each item's loss is multiplied with before the sum. */
function itemWeights(labels: readonly ArrayLike<number>[], reduction: CtcReduction): Float64Array {
  const weights = new Float64Array(labels.length).fill(1);
  if (reduction !== 'mean') return weights;
  return weights.map((_, b) => 1 / (labels.length * Math.max(1, labels[b]!.length)));
}

function reduceLosses(losses: Float64Array, weights: Float64Array, reduction: CtcReduction): tf.Tensor {
  if (reduction === 'none') return tf.tensor1d(Float32Array.from(losses));
  return tf.scalar(losses.reduce((sum, loss, b) => sum + loss * weights[b]!, 0));
}

function scaledGradient(
  gradient: Float32Array,
  shape: [number, number, number],
  weights: Float64Array,
): tf.Tensor3D {
  const size = shape[1] * shape[2];
  for (let b = 0; b < shape[0]; b++) {
    const weight = weights[b]!;
    if (weight === 1) continue;
    for (let i = b * size; i < (b + 1) * size; i++) gradient[i]! *= weight;
  }
  return tf.tensor3d(gradient, shape);
}

function timesUpstream(upstream: tf.Tensor, gradient: tf.Tensor): tf.Tensor {
  if (upstream.rank === 0) return tf.mul(gradient, upstream);
  return tf.mul(gradient, tf.reshape(upstream, [-1, 1, 1]));
}
