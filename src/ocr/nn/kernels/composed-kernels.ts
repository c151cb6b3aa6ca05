import * as tf from '@tensorflow/tfjs-core';
import type { KernelFunc, NamedAttrMap } from '@tensorflow/tfjs-core';
import { registerKernelGradients } from './kernel-gradients.js';
import { BATCH_NORM, BATCH_NORM_GRADIENT, CONV2D_BIAS_RELU, RELU_BIAS_GRADIENT } from './kernel-names.js';

/** Ops that a backend may have better ones for than tfjs composes. */
export interface ComposingOps {
  /** Adds bias [channels] to each row. */
  readonly addBias: (values: tf.Tensor4D, bias: tf.Tensor1D) => tf.Tensor4D;
  /** `dy` where `y` > 0, else 0. */
  readonly reluGradient: (dy: tf.Tensor4D, y: tf.Tensor4D) => tf.Tensor4D;
}

/** What every backend has. */
export const PLAIN_OPS: ComposingOps = {
  addBias: (values, bias) => tf.add(values, bias),
  reluGradient: (dy, y) => tf.mul(dy, tf.step(y)),
};

/** All axes but the channels. */
const ROWS = [0, 1, 2];

type Compose = (
  inputs: Readonly<Record<string, tf.Tensor>>,
  attributes: NamedAttrMap,
) => tf.Tensor | tf.Tensor[];

/**
 * Lets a backend without these kernels of ours compute them from its own ops. Values are those of the ops one by one, but of each layer only
 * what its gradient needs is kept until then: one array in place of up to six. Again it changes nothing.
 */
export function registerComposedKernels(backendName: string, ops: ComposingOps): void {
  if ((tf.getKernel(CONV2D_BIAS_RELU, backendName) as tf.KernelConfig | undefined) !== undefined) return;
  const kernels: Record<string, Compose> = {
    [CONV2D_BIAS_RELU]: (inputs, attributes) => convolution(inputs, attributes, ops),
    [RELU_BIAS_GRADIENT]: (inputs, attributes) => reluBiasGradient(inputs, attributes, ops),
    [BATCH_NORM]: (inputs, attributes) => batchNorm(inputs, attributes),
    [BATCH_NORM_GRADIENT]: (inputs, attributes) => batchNormGradient(inputs, attributes, ops),
  };
  for (const [kernelName, compose] of Object.entries(kernels)) {
    const kernelFunc: KernelFunc = ({ inputs, attrs }) =>
      tf.tidy(() => compose(inputs as Record<string, tf.Tensor>, attrs ?? {}));
    tf.registerKernel({ kernelName, backendName, kernelFunc });
  }
  registerKernelGradients();
}

/** What `next` makes of a tensor that nothing else needs. */
function instead<T extends tf.Tensor>(tensor: T, next: (tensor: T) => T): T {
  const result = next(tensor);
  tensor.dispose();
  return result;
}

function convolution(
  inputs: Readonly<Record<string, tf.Tensor>>,
  attributes: NamedAttrMap,
  { addBias }: ComposingOps,
): tf.Tensor {
  const { x, filter, bias } = inputs as { x: tf.Tensor4D; filter: tf.Tensor4D; bias?: tf.Tensor1D };
  const { pad, relu } = attributes as { pad: 'same' | 'valid'; relu: boolean };
  const product = tf.conv2d(x, filter, 1, pad);
  const shifted = bias ? instead(product, (values) => addBias(values, bias)) : product;
  return relu ? instead(shifted, (values) => tf.relu(values)) : shifted;
}

/** dz = dy where y > 0 (only with `y`), and the sums of dz over all but the last axis (only with `bias`). */
function reluBiasGradient(
  inputs: Readonly<Record<string, tf.Tensor>>,
  attributes: NamedAttrMap,
  { reluGradient }: ComposingOps,
): tf.Tensor[] {
  const { dy, y } = inputs as { dy: tf.Tensor4D; y?: tf.Tensor4D };
  const { bias } = attributes as { bias: boolean };
  const dz = y ? reluGradient(dy, y) : dy;
  return [...(y ? [dz] : []), ...(bias ? [tf.sum(dz, ROWS)] : [])];
}

/** 1 for a column that counts: [batch, 1, width, 1]. */
function columnMask(columns: tf.Tensor, width: number): tf.Tensor4D {
  const places = tf.reshape(tf.range(0, width, 1, 'int32'), [1, 1, width, 1]);
  return tf.cast(tf.less(places, tf.reshape(columns, [-1, 1, 1, 1])), 'float32');
}

/** How many pixels count. */
function pixelsOf({ shape }: tf.Tensor, mask: tf.Tensor | undefined): tf.Tensor {
  const [batch, height, width] = shape as [number, number, number, number];
  return mask ? tf.maximum(tf.mul(tf.sum(mask), height), 1) : tf.scalar(batch * height * width);
}

/** x, gamma, beta, columns -> y, mean, variance. */
function batchNorm(inputs: Readonly<Record<string, tf.Tensor>>, attributes: NamedAttrMap): tf.Tensor[] {
  const { x, gamma, beta, columns } = inputs as Record<'x' | 'gamma' | 'beta' | 'columns', tf.Tensor>;
  const { epsilon, relu, masked } = attributes as { epsilon: number; relu: boolean; masked: boolean };
  const mask = masked ? columnMask(columns, x.shape[2]!) : undefined;
  const counted = (values: tf.Tensor): tf.Tensor =>
    mask ? instead(values, (all) => tf.mul(all, mask)) : values;
  const pixels = pixelsOf(x, mask);
  const mean = tf.div(tf.sum(mask ? tf.mul(x, mask) : x, ROWS), pixels);
  const variance = tf.div(tf.sum(instead(counted(tf.sub(x, mean)), tf.square), ROWS), pixels);
  const scale = tf.mul(gamma, tf.rsqrt(tf.add(variance, epsilon)));
  const shift = tf.sub(beta, tf.mul(mean, scale));
  const shifted = counted(instead(tf.mul(x, scale), (values) => tf.add(values, shift)));
  return [relu ? instead(shifted, (values) => tf.relu(values)) : shifted, mean, variance];
}

/** x, y (only with a rectifier), dy, gamma, mean, variance, columns -> dx, dgamma, dbeta (Ioffe and Szegedy 2015, section 3). */
function batchNormGradient(
  inputs: Readonly<Record<string, tf.Tensor>>,
  attributes: NamedAttrMap,
  { reluGradient }: ComposingOps,
): tf.Tensor[] {
  const { x, y, dy, gamma, mean, variance, columns } = inputs as Record<string, tf.Tensor>;
  const { epsilon, masked } = attributes as { epsilon: number; masked: boolean };
  const mask = masked ? columnMask(columns!, x!.shape[2]!) : undefined;
  const pixels = pixelsOf(x!, mask);
  const given = y ? reluGradient(dy as tf.Tensor4D, y as tf.Tensor4D) : dy!;
  // Behind a rectifier what does not count is 0 already.
  const dz = mask && !y ? tf.mul(given, mask) : given;
  const reciprocal = tf.rsqrt(tf.add(variance!, epsilon));
  const normalised = instead(tf.sub(x!, mean!), (centred) => tf.mul(centred, reciprocal));
  const dbeta = tf.sum(dz, ROWS);
  const dgamma = tf.sum(tf.mul(dz, normalised), ROWS);
  const byMean = tf.div(dbeta, pixels);
  const byVariance = tf.div(dgamma, pixels);
  const through = instead(normalised, (values) => tf.mul(values, byVariance));
  const both = instead(through, (values) => tf.add(values, byMean));
  const counted = mask ? instead(both, (values) => tf.mul(values, mask)) : both;
  const rest = instead(counted, (values) => tf.sub(dz, values));
  return [instead(rest, (values) => tf.mul(values, tf.mul(gamma!, reciprocal))), dgamma, dbeta];
}
