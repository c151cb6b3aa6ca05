import * as tf from '@tensorflow/tfjs-core';
import type { backend_util, TensorInfo } from '@tensorflow/tfjs-core';
import { replaceKernel } from './replace-kernel.js';
import { PASS_COST, type KernelContext } from './kernel-context.js';

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

/** What the kernels need to know of `count` images. */
function sizes(info: backend_util.Conv2DInfo, count: number): number[] {
  const images = [count, info.inHeight, info.inWidth, info.inChannels];
  const windows = [info.filterHeight, info.filterWidth, info.strideHeight, info.strideWidth];
  return [...images, ...windows, info.outHeight, info.outWidth];
}

/** A tensor of images: where they stand, and the bytes of one. */
interface Images {
  offset: number;
  bytes: number;
}

/** The arguments of a pooling kernel for ranges of images. */
function byImages(
  context: KernelContext,
  info: backend_util.Conv2DInfo,
  tensors: readonly TensorInfo[],
): number[][] {
  const images = tensors.map((tensor): Images => {
    const bytes = 4 * tf.util.sizeFromShape(tensor.shape.slice(1));
    return { offset: context.heap.offset(tensor), bytes };
  });
  const { batchSize, inHeight, inWidth, inChannels } = info;
  const ranges = context.cut(batchSize, batchSize * inHeight * inWidth * inChannels * PASS_COST);
  return ranges.map(([first, end]) => [
    ...images.map(({ offset, bytes }) => offset + first * bytes),
    ...sizes(info, end - first),
  ]);
}

/** Registers maximum pooling and its gradient for the backend `wasm`. */
export function registerPoolingKernels(context: KernelContext): void {
  const { heap } = context;
  replaceKernel('MaxPool', ({ inputs, attrs }) => {
    const { x } = inputs as { x: TensorInfo };
    const info = poolInfo(x.shape, attrs as unknown as PoolAttributes);
    if (!isOurs(info) || x.dtype !== 'float32') return undefined;
    const out = heap.allocate(info.outShape);
    context.run('maxPoolForward', byImages(context, info, [x, out]));
    return out;
  });
  replaceKernel('MaxPoolGrad', ({ inputs, attrs }) => {
    const { dy, input, output } = inputs as Record<'dy' | 'input' | 'output', TensorInfo>;
    const info = poolInfo(input.shape, attrs as unknown as PoolAttributes);
    if (!isOurs(info)) return undefined;
    const dx = heap.allocate(input.shape);
    context.run('maxPoolGradient', byImages(context, info, [input, output, dy, dx]));
    return dx;
  });
}
