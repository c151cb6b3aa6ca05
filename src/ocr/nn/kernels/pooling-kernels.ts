import * as tf from '@tensorflow/tfjs-core';
import type { backend_util, TensorInfo } from '@tensorflow/tfjs-core';
import { replaceKernel } from './replace-kernel.js';
import type { KernelContext } from './wasm-heap.js';

interface PoolAttributes {
  filterSize: number | [number, number];
  strides: number | [number, number];
  pad: 'same' | 'valid' | number | backend_util.ExplicitPadding;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

function poolInfo(shape: number[], attributes: PoolAttributes): backend_util.Conv2DInfo {
  const { filterSize, strides, pad, dimRoundingMode } = attributes;
  const input = shape as [number, number, number, number];
  return tf.backend_util.computePool2DInfo(input, filterSize, strides, 1, pad, dimRoundingMode);
}

/** No padding: every window lies within the image. */
function isOurs({ padInfo }: backend_util.Conv2DInfo): boolean {
  return padInfo.top + padInfo.bottom + padInfo.left + padInfo.right === 0;
}

function sizes(info: backend_util.Conv2DInfo): number[] {
  const images = [info.batchSize, info.inHeight, info.inWidth, info.inChannels];
  const windows = [info.filterHeight, info.filterWidth, info.strideHeight, info.strideWidth];
  return [...images, ...windows, info.outHeight, info.outWidth];
}

/** Registers maximum pooling and its gradient for the backend `wasm`. */
export function registerPoolingKernels({ heap, kernels }: KernelContext): void {
  replaceKernel('MaxPool', ({ inputs, attrs }) => {
    const { x } = inputs as { x: TensorInfo };
    const info = poolInfo(x.shape, attrs as unknown as PoolAttributes);
    if (!isOurs(info) || x.dtype !== 'float32') return undefined;
    const out = heap.allocate(info.outShape);
    kernels.maxPoolForward(heap.offset(x), heap.offset(out), ...sizes(info));
    return out;
  });
  replaceKernel('MaxPoolGrad', ({ inputs, attrs }) => {
    const { dy, input, output } = inputs as Record<'dy' | 'input' | 'output', TensorInfo>;
    const info = poolInfo(input.shape, attrs as unknown as PoolAttributes);
    if (!isOurs(info)) return undefined;
    const dx = heap.allocate(input.shape);
    const tensors = [input, output, dy, dx].map((tensor) => heap.offset(tensor));
    kernels.maxPoolGradient(...tensors, ...sizes(info));
    return dx;
  });
}
