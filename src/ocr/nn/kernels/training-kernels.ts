import * as tf from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { ADAM, BATCH_NORM, BATCH_NORM_GRADIENT, GRU, GRU_GRADIENT, SCALE_SHIFT } from './kernel-names.js';
import { replaceKernel } from './replace-kernel.js';
import type { KernelContext } from './wasm-heap.js';

function rowsAndChannels(tensor: TensorInfo): [number, number] {
  const channels = tensor.shape.at(-1)!;
  return [tf.util.sizeFromShape(tensor.shape) / channels, channels];
}

/** x, gamma, beta -> y, mean, variance; and its gradient x, y?, dy, gamma, mean, variance -> dx, dgamma, dbeta. */
function registerBatchNorm({ heap, kernels }: KernelContext): void {
  replaceKernel(BATCH_NORM, ({ inputs, attrs }) => {
    const { x, gamma, beta } = inputs as Record<'x' | 'gamma' | 'beta', TensorInfo>;
    const { epsilon, relu } = attrs as { epsilon: number; relu: boolean };
    const [rows, channels] = rowsAndChannels(x);
    const outs = [heap.allocate(x.shape), heap.allocate([channels]), heap.allocate([channels])];
    const tensors = [x, gamma, beta, ...outs].map((tensor) => heap.offset(tensor));
    heap.withScratch(16 * channels, (scratch) =>
      kernels.batchNormForward(...tensors, scratch, rows, channels, epsilon, Number(relu)),
    );
    return outs;
  });
  replaceKernel(BATCH_NORM_GRADIENT, ({ inputs, attrs }) => {
    const { x, y, dy, gamma, mean, variance } = inputs as Record<string, TensorInfo | undefined>;
    const [rows, channels] = rowsAndChannels(x!);
    const outs = [heap.allocate(x!.shape), heap.allocate([channels]), heap.allocate([channels])];
    const tensors = [x, y, dy, gamma, mean, variance, ...outs].map((tensor) => heap.offsetOrZero(tensor));
    const { epsilon } = attrs as { epsilon: number };
    heap.withScratch(20 * channels, (scratch) =>
      kernels.batchNormGradient(...tensors, scratch, rows, channels, epsilon),
    );
    return outs;
  });
  replaceKernel(SCALE_SHIFT, ({ inputs, attrs }) => {
    const { x, scale, shift } = inputs as Record<'x' | 'scale' | 'shift', TensorInfo>;
    const out = heap.allocate(x.shape);
    const tensors = [x, scale, shift, out].map((tensor) => heap.offset(tensor));
    const { relu } = attrs as { relu: boolean };
    kernels.scaleAndShift(...tensors, ...rowsAndChannels(x), Number(relu));
    return out;
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

/** Registers normalisation, the recurrent scan and the optimiser for the backend `wasm`. */
export function registerTrainingKernels(context: KernelContext): void {
  registerBatchNorm(context);
  registerGru(context);
  registerAdam(context);
}
