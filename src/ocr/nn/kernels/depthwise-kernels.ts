import * as tf from '@tensorflow/tfjs-core';
import type { backend_util, NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core';
import type { KernelContext } from './kernel-context.js';
import { replaceKernel, type KernelCall } from './replace-kernel.js';

type Shape4 = [number, number, number, number];

/** Undefined for what our kernels do not compute: strides, dilations, more than one filter a channel. */
function depthwiseInfo(
  inShape: number[],
  filterShape: number[],
  attributes: NamedAttrMap,
): backend_util.Conv2DInfo | undefined {
  const { strides, dilations, pad, dimRoundingMode } = attributes as unknown as {
    strides: number | [number, number];
    dilations?: number | [number, number];
    pad: 'same' | 'valid';
    dimRoundingMode?: 'floor';
  };
  const info = tf.backend_util.computeConv2DInfo(
    inShape as Shape4,
    filterShape as Shape4,
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
    true,
  );
  const dense = info.dilationHeight === 1 && info.dilationWidth === 1;
  const unit = info.strideHeight === 1 && info.strideWidth === 1;
  return dense && unit && info.outChannels === info.inChannels ? info : undefined;
}

/** Sizes of the image as the kernel takes them: images, then filter, then the size of what it makes. */
function sizes(info: backend_util.Conv2DInfo): number[] {
  const images = [info.batchSize, info.inHeight, info.inWidth, info.inChannels];
  return [...images, info.filterHeight, info.filterWidth, info.outHeight, info.outWidth];
}

function forward({ heap, kernels }: KernelContext, { inputs, attrs }: KernelCall): TensorInfo | undefined {
  const { x, filter } = inputs as Record<'x' | 'filter', TensorInfo>;
  const info = depthwiseInfo(x.shape, filter.shape, attrs);
  if (info === undefined || x.dtype !== 'float32') return undefined;
  const out = heap.allocate(info.outShape);
  const tensors = [x, filter, out].map((tensor) => heap.offset(tensor));
  kernels.depthwiseForward(...tensors, ...sizes(info), info.padInfo.top, info.padInfo.left, 0);
  return out;
}

function inputGradient(
  { heap, kernels }: KernelContext,
  { inputs, attrs }: KernelCall,
): TensorInfo | undefined {
  const { dy, filter } = inputs as Record<'dy' | 'filter', TensorInfo>;
  const info = depthwiseInfo(attrs['inputShape'] as number[], filter.shape, attrs);
  if (info === undefined) return undefined;
  const dx = heap.allocate(info.inShape);
  const tensors = [dy, filter, dx].map((tensor) => heap.offset(tensor));
  const { batchSize, outHeight, outWidth, inChannels, filterHeight, filterWidth, inHeight, inWidth } = info;
  const images = [batchSize, outHeight, outWidth, inChannels, filterHeight, filterWidth, inHeight, inWidth];
  const padding = [filterHeight - 1 - info.padInfo.top, filterWidth - 1 - info.padInfo.left];
  kernels.depthwiseForward(...tensors, ...images, ...padding, 1);
  return dx;
}

function filterGradient(
  { heap, kernels }: KernelContext,
  { inputs, attrs }: KernelCall,
): TensorInfo | undefined {
  const { x, dy } = inputs as Record<'x' | 'dy', TensorInfo>;
  const filterShape = attrs['filterShape'] as number[];
  const info = depthwiseInfo(x.shape, filterShape, attrs);
  if (info === undefined) return undefined;
  const dfilter = heap.allocate(filterShape);
  const tensors = [x, dy, dfilter].map((tensor) => heap.offset(tensor));
  heap.withScratch(4 * info.inChannels, (scratch) =>
    kernels.depthwiseFilterGradient(...tensors, scratch, ...sizes(info), info.padInfo.top, info.padInfo.left),
  );
  return dfilter;
}

/** Registers depthwise convolution and both its gradients, which tfjs-backend-wasm lacks, for the backend `wasm`. */
export function registerDepthwiseKernels(context: KernelContext): void {
  replaceKernel('DepthwiseConv2dNative', (call) => forward(context, call));
  replaceKernel('DepthwiseConv2dNativeBackpropInput', (call) => inputGradient(context, call));
  replaceKernel('DepthwiseConv2dNativeBackpropFilter', (call) => filterGradient(context, call));
}
