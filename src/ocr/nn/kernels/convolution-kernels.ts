import * as tf from '@tensorflow/tfjs-core';
import type { backend_util, NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core';
import { CONV2D_BIAS_RELU, RELU_BIAS_GRADIENT } from './kernel-names.js';
import { replaceKernel } from './replace-kernel.js';
import type { KernelContext } from './wasm-heap.js';

type Conv2DInfo = backend_util.Conv2DInfo;

/** What the standard convolution kernels are called with. */
interface ConvAttributes {
  strides: number | [number, number];
  dilations?: number | [number, number];
  pad: 'same' | 'valid' | number | backend_util.ExplicitPadding;
  dataFormat?: string;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/** One forward pass: ours computes the input's gradient too, as a convolution with the turned filter. */
interface ForwardCall {
  x: TensorInfo;
  filter: TensorInfo;
  bias?: TensorInfo | undefined;
  out: TensorInfo;
  relu: boolean;
  transposed: boolean;
  padTop: number;
  padLeft: number;
}

type Shape4 = [number, number, number, number];

function shape4(tensor: TensorInfo): Shape4 {
  return tensor.shape as Shape4;
}

function convInfo(inShape: number[], filterShape: number[], attributes: ConvAttributes): Conv2DInfo {
  const { strides, dilations = 1, pad, dimRoundingMode } = attributes;
  return tf.backend_util.computeConv2DInfo(
    inShape as Shape4,
    filterShape as Shape4,
    strides,
    dilations,
    pad,
    dimRoundingMode,
    false,
    'channelsLast',
  );
}

/** Stride 1 without dilation over [batch, height, width, channels]: what our kernels compute. */
function isOurs(info: Conv2DInfo, attributes: ConvAttributes): boolean {
  const dense = info.dilationHeight === 1 && info.dilationWidth === 1;
  const unit = info.strideHeight === 1 && info.strideWidth === 1;
  return dense && unit && (attributes.dataFormat ?? 'NHWC') === 'NHWC';
}

/** Fewest channels on either side for which the transforms of Winograd's method pay. */
const WINOGRAD_CHANNELS = 8;
/** The share of the direct products below which Winograd's method is taken. */
const WINOGRAD_SHARE = 0.7;

/** Fixed rule by shape alone, so that a run repeats bit for bit. */
function suitsWinograd(filterShape: number[], outHeight: number, outWidth: number): boolean {
  const [height, width, inChannels, outChannels] = filterShape as Shape4;
  if (height !== 3 || width !== 3 || Math.min(inChannels, outChannels) < WINOGRAD_CHANNELS) return false;
  const tiles = Math.ceil(outHeight / 4) * Math.ceil(outWidth / 4);
  return tiles * 36 <= WINOGRAD_SHARE * outHeight * outWidth * 9;
}

function forward({ heap, kernels }: KernelContext, call: ForwardCall): void {
  const [batch, height, width, inChannels] = shape4(call.x);
  const [, outHeight, outWidth, outChannels] = shape4(call.out);
  const [filterHeight, filterWidth] = shape4(call.filter);
  const tensors = [
    heap.offset(call.x),
    heap.offset(call.filter),
    heap.offsetOrZero(call.bias),
    heap.offset(call.out),
  ];
  const images = [batch, height, width, inChannels];
  const outs = [outHeight, outWidth, outChannels];
  const rest = [call.padTop, call.padLeft, Number(call.relu), Number(call.transposed)];
  if (suitsWinograd(call.filter.shape, outHeight, outWidth)) {
    heap.withScratch(kernels.winogradForwardBytes(inChannels, outChannels), (scratch) =>
      kernels.winogradForward(...tensors, scratch, ...images, ...outs, ...rest),
    );
    return;
  }
  const bytes = kernels.convolutionForwardBytes(filterHeight, filterWidth, inChannels, outChannels);
  heap.withScratch(bytes, (scratch) =>
    kernels.convolutionForward(...tensors, scratch, ...images, filterHeight, filterWidth, ...outs, ...rest),
  );
}

function convolve(
  context: KernelContext,
  info: Conv2DInfo,
  call: Pick<ForwardCall, 'x' | 'filter' | 'bias' | 'relu'>,
): TensorInfo {
  const out = context.heap.allocate(info.outShape);
  const { top, left } = info.padInfo;
  forward(context, { ...call, out, transposed: false, padTop: top, padLeft: left });
  return out;
}

function inputGradient(
  context: KernelContext,
  info: Conv2DInfo,
  dy: TensorInfo,
  filter: TensorInfo,
): TensorInfo {
  const out = context.heap.allocate(info.inShape);
  const padTop = info.filterHeight - 1 - info.padInfo.top;
  const padLeft = info.filterWidth - 1 - info.padInfo.left;
  forward(context, { x: dy, filter, out, relu: false, transposed: true, padTop, padLeft });
  return out;
}

function filterGradient(
  { heap, kernels }: KernelContext,
  info: Conv2DInfo,
  x: TensorInfo,
  dy: TensorInfo,
): TensorInfo {
  const { filterHeight, filterWidth, inChannels, outChannels, outHeight, outWidth } = info;
  const shape = [filterHeight, filterWidth, inChannels, outChannels];
  const out = heap.allocate(shape);
  const tensors = [heap.offset(x), heap.offset(dy), heap.offset(out)];
  const images = [info.batchSize, info.inHeight, info.inWidth, inChannels];
  const outs = [outHeight, outWidth, outChannels, info.padInfo.top, info.padInfo.left];
  if (suitsWinograd(shape, outHeight, outWidth)) {
    heap.withScratch(kernels.winogradFilterGradientBytes(inChannels, outChannels), (scratch) =>
      kernels.winogradFilterGradient(...tensors, scratch, ...images, ...outs),
    );
    return out;
  }
  const bytes = kernels.convolutionFilterGradientBytes(filterHeight, filterWidth, inChannels, outChannels);
  heap.withScratch(bytes, (scratch) =>
    kernels.convolutionFilterGradient(...tensors, scratch, ...images, filterHeight, filterWidth, ...outs),
  );
  return out;
}

function registerStandard(context: KernelContext): void {
  replaceKernel('Conv2D', ({ inputs, attrs }) => {
    const attributes = attrs as unknown as ConvAttributes;
    const { x, filter } = inputs as Record<'x' | 'filter', TensorInfo>;
    const info = convInfo(x.shape, filter.shape, attributes);
    return isOurs(info, attributes) ? convolve(context, info, { x, filter, relu: false }) : undefined;
  });
  replaceKernel('Conv2DBackpropInput', ({ inputs, attrs }) => {
    const attributes = attrs as unknown as ConvAttributes & { inputShape: number[] };
    const { dy, filter } = inputs as Record<'dy' | 'filter', TensorInfo>;
    const info = convInfo(attributes.inputShape, filter.shape, attributes);
    return isOurs(info, attributes) ? inputGradient(context, info, dy, filter) : undefined;
  });
  replaceKernel('Conv2DBackpropFilter', ({ inputs, attrs }) => {
    const attributes = attrs as unknown as ConvAttributes & { filterShape: number[] };
    const { x, dy } = inputs as Record<'x' | 'dy', TensorInfo>;
    const info = convInfo(x.shape, attributes.filterShape, attributes);
    return isOurs(info, attributes) ? filterGradient(context, info, x, dy) : undefined;
  });
}

/** dz = dy where y > 0 (only with `relu`), and the sums of dz over all but the last axis. */
function registerReluBiasGradient({ heap, kernels }: KernelContext): void {
  replaceKernel(RELU_BIAS_GRADIENT, ({ inputs, attrs }) => {
    const { dy, y } = inputs as { dy: TensorInfo; y?: TensorInfo };
    const channels = dy.shape.at(-1)!;
    const rows = tf.util.sizeFromShape(dy.shape) / channels;
    const dz = y === undefined ? undefined : heap.allocate(dy.shape);
    const db = (attrs as { bias: boolean } & NamedAttrMap).bias ? heap.allocate([channels]) : undefined;
    const out = [heap.offsetOrZero(dz), heap.offsetOrZero(db)];
    kernels.rectifierBiasGradient(heap.offset(dy), heap.offsetOrZero(y), ...out, rows, channels);
    return [dz, db].filter((tensor) => tensor !== undefined);
  });
}

/** Registers convolution, its gradients, and the fused convolution with bias and rectifier for the backend `wasm`. */
export function registerConvolutionKernels(context: KernelContext): void {
  registerStandard(context);
  registerReluBiasGradient(context);
  replaceKernel(CONV2D_BIAS_RELU, ({ inputs, attrs }) => {
    const { x, filter, bias } = inputs as { x: TensorInfo; filter: TensorInfo; bias?: TensorInfo };
    const { pad, relu } = attrs as unknown as { pad: 'same' | 'valid'; relu: boolean };
    return convolve(context, convInfo(x.shape, filter.shape, { strides: 1, pad }), { x, filter, bias, relu });
  });
}
