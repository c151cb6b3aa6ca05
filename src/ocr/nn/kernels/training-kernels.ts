import * as tf from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { ADAM, BATCH_NORM, BATCH_NORM_GRADIENT } from './kernel-names.js';
import { replaceKernel } from './replace-kernel.js';
import { CHANNEL_BLOCK, PASS_COST, type KernelContext, type Range } from './kernel-context.js';

function rowsAndChannels(tensor: TensorInfo): [number, number] {
  const channels = tensor.shape.at(-1)!;
  return [tf.util.sizeFromShape(tensor.shape) / channels, channels];
}

type Shape4 = [number, number, number, number];

/** Without a mask the rows of all images make one long one. */
function normalisedShape(x: TensorInfo, masked: boolean): Shape4 {
  const [rows, channels] = rowsAndChannels(x);
  return masked ? (x.shape as Shape4) : [1, 1, rows, channels];
}

/** x, gamma, beta, columns -> y, mean, variance; and x, y?, dy, gamma, mean, variance, columns -> dx, dgamma, dbeta. */
function registerBatchNorm(context: KernelContext): void {
  const { heap } = context;
  const channelRanges = (shape: Shape4): readonly Range[] =>
    context.cut(shape[3], tf.util.sizeFromShape(shape) * 3 * PASS_COST, CHANNEL_BLOCK);
  replaceKernel(BATCH_NORM, ({ inputs, attrs }) => {
    const { x, gamma, beta, columns } = inputs as Record<'x' | 'gamma' | 'beta' | 'columns', TensorInfo>;
    const { epsilon, relu, masked } = attrs as { epsilon: number; relu: boolean; masked: boolean };
    const shape = normalisedShape(x, masked);
    const channels = shape[3];
    const outs = [heap.allocate(x.shape), heap.allocate([channels]), heap.allocate([channels])];
    const tensors = [x, gamma, beta, masked ? columns : undefined, ...outs].map((tensor) =>
      heap.offsetOrZero(tensor),
    );
    const calls = channelRanges(shape).map((range) => [
      ...tensors,
      ...shape,
      epsilon,
      Number(relu),
      ...range,
    ]);
    context.run('batchNormForward', calls, 8 * channels);
    return outs;
  });
  replaceKernel(BATCH_NORM_GRADIENT, ({ inputs, attrs }) => {
    const { x, y, dy, gamma, mean, variance, columns } = inputs as Record<string, TensorInfo | undefined>;
    const { epsilon, masked } = attrs as { epsilon: number; masked: boolean };
    const shape = normalisedShape(x!, masked);
    const channels = shape[3];
    const outs = [heap.allocate(x!.shape), heap.allocate([channels]), heap.allocate([channels])];
    const tensors = [x, y, dy, gamma, mean, variance, masked ? columns : undefined, ...outs];
    const offsets = tensors.map((tensor) => heap.offsetOrZero(tensor));
    const calls = channelRanges(shape).map((range) => [...offsets, ...shape, epsilon, ...range]);
    context.run('batchNormGradient', calls, 20 * channels);
    return outs;
  });
}

/** Changes weight, first and second moment in place and returns nothing. */
function registerAdam({ heap, kernels }: KernelContext): void {
  replaceKernel(ADAM, ({ inputs, attrs }) => {
    const { weight, gradient, first, second } = inputs as Record<string, TensorInfo>;
    const tensors = [weight!, gradient!, first!, second!].map((tensor) => heap.offset(tensor));
    const { beta1, beta2, stepSize, rootScale, epsilon, keep, gradientScale } = attrs as Record<
      string,
      number
    >;
    const settings = [beta1!, beta2!, stepSize!, rootScale!, epsilon!, keep!, gradientScale!];
    kernels.adamStep(...tensors, tf.util.sizeFromShape(weight!.shape), ...settings);
    return [];
  });
}

/** tfjs clones every tensor that a gradient needs; its own kernel copies the values each time. */
function registerIdentity({ heap }: KernelContext): void {
  replaceKernel('Identity', ({ inputs }) => {
    const { x } = inputs as { x: TensorInfo };
    return x.dtype === 'string' ? undefined : heap.share(x);
  });
}

/** Registers batch normalisation, the optimiser and cloning for the backend `wasm`. */
export function registerTrainingKernels(context: KernelContext): void {
  registerBatchNorm(context);
  registerAdam(context);
  registerIdentity(context);
}
