import * as tf from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { ADAM, BATCH_NORM, BATCH_NORM_GRADIENT, GRU, GRU_GRADIENT } from './kernel-names.js';
import { replaceKernel } from './replace-kernel.js';
import type { KernelContext } from './wasm-heap.js';

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
function registerBatchNorm({ heap, kernels }: KernelContext): void {
  replaceKernel(BATCH_NORM, ({ inputs, attrs }) => {
    const { x, gamma, beta, columns } = inputs as Record<'x' | 'gamma' | 'beta' | 'columns', TensorInfo>;
    const { epsilon, relu, masked } = attrs as { epsilon: number; relu: boolean; masked: boolean };
    const shape = normalisedShape(x, masked);
    const channels = shape[3];
    const outs = [heap.allocate(x.shape), heap.allocate([channels]), heap.allocate([channels])];
    const tensors = [x, gamma, beta, masked ? columns : undefined, ...outs].map((tensor) =>
      heap.offsetOrZero(tensor),
    );
    heap.withScratch(8 * channels, (scratch) =>
      kernels.batchNormForward(...tensors, scratch, ...shape, epsilon, Number(relu)),
    );
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
    heap.withScratch(20 * channels, (scratch) =>
      kernels.batchNormGradient(...offsets, scratch, ...shape, epsilon),
    );
    return outs;
  });
}

/** Shapes as in `assembly/gru.ts`; `lengths` is int32 and optional. */
function registerGru({ heap, kernels }: KernelContext): void {
  replaceKernel(GRU, ({ inputs }) => {
    const { gates, recurrentKernel, recurrentBias, lengths } = inputs as Record<
      string,
      TensorInfo | undefined
    >;
    const [batch, time] = gates!.shape as [number, number];
    const units = recurrentKernel!.shape[1]!;
    const outs = [heap.allocate([batch, time, 2 * units]), heap.allocate([2, batch, time, 4 * units])];
    const tensors = [gates, recurrentKernel, recurrentBias, lengths, ...outs];
    const offsets = tensors.map((tensor) => heap.offsetOrZero(tensor));
    heap.withScratch(kernels.gruForwardBytes(batch, units), (scratch) =>
      kernels.gruForward(...offsets, scratch, batch, time, units),
    );
    return outs;
  });
  replaceKernel(GRU_GRADIENT, ({ inputs }) => {
    const { dy, recurrentKernel, lengths, outputs, saved } = inputs as Record<string, TensorInfo | undefined>;
    const [batch, time] = dy!.shape as [number, number];
    const units = recurrentKernel!.shape[1]!;
    const outs = [
      [batch, time, 2, 3 * units],
      [2, units, 3 * units],
      [2, 3 * units],
    ].map((shape) => heap.allocate(shape));
    const tensors = [dy, recurrentKernel, lengths, outputs, saved, ...outs];
    const offsets = tensors.map((tensor) => heap.offsetOrZero(tensor));
    heap.withScratch(kernels.gruGradientBytes(batch, time, units), (scratch) =>
      kernels.gruGradient(...offsets, scratch, batch, time, units),
    );
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

/** Registers normalisation, the recurrent scan, the optimiser and cloning for the backend `wasm`. */
export function registerTrainingKernels(context: KernelContext): void {
  registerBatchNorm(context);
  registerGru(context);
  registerAdam(context);
  registerIdentity(context);
}
