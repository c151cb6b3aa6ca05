import * as tf from '@tensorflow/tfjs-core';
import type { backend_util, NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core';
import { CONV2D_BIAS_RELU, RELU_BIAS_GRADIENT, WINOGRAD_POINTS } from './kernel-names.js';
import { CHANNEL_BLOCK, PASS_COST, cutRanges, type KernelContext, type Range } from './kernel-context.js';
import type { KernelName } from './kernel-module.js';
import { replaceKernel } from './replace-kernel.js';

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
  /** The filter as `WINOGRAD_POINTS` transformed it, if that was done before. */
  points?: TensorInfo | undefined;
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

/** Tiles that `winogradForward` and `winogradFilterGradient` take together. */
const FORWARD_TILES = 32;
const BACKWARD_TILES = 48;
/** Bytes in which `winogradFilter` keeps four channels' points between its two passes. */
const POINT_BYTES = 36 * 16;

/** Fewest channels on either side for which the transforms of Winograd's method pay. */
const WINOGRAD_CHANNELS = 8;
/** The share of the direct products below which Winograd's method is taken. */
const WINOGRAD_SHARE = 0.7;

/** Whether a filter may meet pictures that suit Winograd's method. */
function hasPoints(filterShape: readonly number[]): boolean {
  const [height, width, inChannels, outChannels] = filterShape as Shape4;
  return height === 3 && width === 3 && Math.min(inChannels, outChannels) >= WINOGRAD_CHANNELS;
}

/** Fixed rule by shape alone, so that a run repeats bit for bit. */
function suitsWinograd(filterShape: number[], outHeight: number, outWidth: number): boolean {
  if (!hasPoints(filterShape)) return false;
  const tiles = Math.ceil(outHeight / 4) * Math.ceil(outWidth / 4);
  return tiles * 36 <= WINOGRAD_SHARE * outHeight * outWidth * 9;
}

function forward(context: KernelContext, call: ForwardCall): void {
  const [, outHeight, outWidth] = shape4(call.out);
  if (suitsWinograd(call.filter.shape, outHeight, outWidth)) winogradForward(context, call);
  else directForward(context, call);
}

/** Multiplications and additions that a direct convolution would take. */
function operationsOf(filterShape: readonly number[], out: readonly number[]): number {
  const [height, width, inputs, outputs] = filterShape as Shape4;
  return out[0]! * out[1]! * out[2]! * height * width * inputs * outputs;
}

function winogradForward(context: KernelContext, call: ForwardCall): void {
  const { heap, kernels } = context;
  if (call.points) {
    multiplyPoints(context, call, heap.offset(call.points));
    return;
  }
  const [inChannels, outChannels] = [call.x.shape[3]!, call.out.shape[3]!];
  heap.withScratch(kernels.winogradFilterBytes(inChannels, outChannels), (points) => {
    transformFilter(context, { ...call, inChannels, outChannels }, points);
    multiplyPoints(context, call, points);
  });
}

function transformFilter(
  context: KernelContext,
  filter: Pick<ForwardCall, 'filter' | 'transposed'> & { inChannels: number; outChannels: number },
  points: number,
): void {
  const { inChannels, outChannels, transposed } = filter;
  const tensors = [context.heap.offset(filter.filter), points];
  context.run(
    'winogradFilter',
    // A pair of channels takes some 150 operations, four pairs at a time.
    context
      .cut(inChannels, 40 * inChannels * outChannels)
      .map((range) => [...tensors, inChannels, outChannels, Number(transposed), ...range]),
    POINT_BYTES,
  );
}

function multiplyPoints(context: KernelContext, call: ForwardCall, points: number): void {
  const { heap, kernels } = context;
  const [batch, height, width, inChannels] = shape4(call.x);
  const [, outHeight, outWidth, outChannels] = shape4(call.out);
  const operations = operationsOf([3, 3, inChannels, outChannels], call.out.shape);
  const tensors = [heap.offset(call.x), points, heap.offsetOrZero(call.bias), heap.offset(call.out)];
  const sizes = [height, width, inChannels, outHeight, outWidth, outChannels];
  const rest = [call.padTop, call.padLeft, Number(call.relu)];
  const tiles = batch * kernels.winogradTiles(outHeight, outWidth);
  context.run(
    'winogradForward',
    context
      .cut(tiles, operations / 4, FORWARD_TILES)
      .map((range) => [...tensors, ...sizes, ...rest, ...range]),
    kernels.winogradForwardBytes(inChannels, outChannels),
  );
}

function directForward(context: KernelContext, call: ForwardCall): void {
  const { heap, kernels } = context;
  const [batch, height, width, inChannels] = shape4(call.x);
  const [, outHeight, outWidth, outChannels] = shape4(call.out);
  const [filterHeight, filterWidth] = shape4(call.filter);
  const shape = [filterHeight, filterWidth, inChannels, outChannels];
  heap.withScratch(kernels.convolutionFilterBytes(...shape), (packed) => {
    kernels.convolutionFilter(heap.offset(call.filter), packed, ...shape, Number(call.transposed));
    const tensors = [heap.offset(call.x), packed, heap.offsetOrZero(call.bias), heap.offset(call.out)];
    const sizes = [height, width, inChannels, filterHeight, filterWidth, outHeight, outWidth, outChannels];
    const rest = [call.padTop, call.padLeft, Number(call.relu)];
    const blocks = batch * kernels.convolutionForwardBlocks(outHeight, outWidth);
    context.run(
      'convolutionForward',
      context
        .cut(blocks, operationsOf(shape, call.out.shape))
        .map((range) => [...tensors, ...sizes, ...rest, ...range]),
      kernels.convolutionForwardBytes(filterHeight, filterWidth, inChannels),
    );
  });
}

function convolve(
  context: KernelContext,
  info: Conv2DInfo,
  call: Pick<ForwardCall, 'x' | 'filter' | 'bias' | 'points' | 'relu'>,
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

function filterGradient(context: KernelContext, info: Conv2DInfo, x: TensorInfo, dy: TensorInfo): TensorInfo {
  const { heap, kernels } = context;
  const { filterHeight, filterWidth, inChannels, outChannels, outHeight, outWidth } = info;
  const shape = [filterHeight, filterWidth, inChannels, outChannels];
  const out = heap.allocate(shape);
  const winograd = suitsWinograd(shape, outHeight, outWidth);
  const filterSize = winograd ? [] : [filterHeight, filterWidth];
  const sizes = [info.inHeight, info.inWidth, inChannels, ...filterSize, outHeight, outWidth, outChannels];
  const rest = [info.padInfo.top, info.padInfo.left];
  const units = winograd
    ? kernels.winogradTiles(outHeight, outWidth)
    : kernels.convolutionFilterGradientBlocks(outHeight, outWidth);
  const ranges = partsOf(info.batchSize * units, winograd ? WINOGRAD_PART : DIRECT_PART);
  const name = winograd ? 'winogradFilterGradient' : 'convolutionFilterGradient';
  const scratchBytes = winograd
    ? kernels.winogradFilterGradientBytes(inChannels, outChannels)
    : kernels.convolutionFilterGradientBytes(...(shape as Shape4));
  inParts(
    context,
    { out, ranges },
    (range, to) => [heap.offset(x), heap.offset(dy), to, ...sizes, ...rest, ...range],
    {
      name,
      scratchBytes,
    },
  );
  return out;
}

/** Most parts that a filter's gradient is summed from. */
const MOST_PARTS = 8;
/** Tiles, and blocks of pixels, that make a part worth its sum. */
const WINOGRAD_PART = { least: 192, block: BACKWARD_TILES };
const DIRECT_PART = { least: 16, block: 1 };

/** How a sum is cut into parts: by its shape alone, so that a run repeats bit for bit on any number of threads. */
function partsOf(units: number, { least, block }: { least: number; block: number }): Range[] {
  return cutRanges(units, Math.max(1, Math.min(MOST_PARTS, Math.floor(units / least))), block);
}

/** Each range gives a part of `out`; the parts are then added up in their order. */
function inParts(
  context: KernelContext,
  { out, ranges }: { out: TensorInfo; ranges: Range[] },
  call: (range: Range, to: number) => number[],
  { name, scratchBytes }: { name: KernelName; scratchBytes: number },
): void {
  const { heap } = context;
  const to = heap.offset(out);
  const size = tf.util.sizeFromShape(out.shape);
  if (ranges.length === 1) {
    context.run(name, [call(ranges[0]!, to)], scratchBytes);
    return;
  }
  heap.withScratch(4 * size * ranges.length, (parts) => {
    context.run(
      name,
      ranges.map((range, part) => call(range, parts + 4 * part * size)),
      scratchBytes,
    );
    context.run(
      'sumParts',
      context.cut(size, ranges.length * size, 4).map((range) => [parts, to, ranges.length, size, ...range]),
    );
  });
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
function registerReluBiasGradient(context: KernelContext): void {
  const { heap } = context;
  replaceKernel(RELU_BIAS_GRADIENT, ({ inputs, attrs }) => {
    const { dy, y } = inputs as { dy: TensorInfo; y?: TensorInfo };
    const channels = dy.shape.at(-1)!;
    const rows = tf.util.sizeFromShape(dy.shape) / channels;
    const dz = y === undefined ? undefined : heap.allocate(dy.shape);
    const db = (attrs as { bias: boolean } & NamedAttrMap).bias ? heap.allocate([channels]) : undefined;
    const tensors = [heap.offset(dy), heap.offsetOrZero(y), heap.offsetOrZero(dz), heap.offsetOrZero(db)];
    const ranges = context.cut(channels, rows * channels * PASS_COST, CHANNEL_BLOCK);
    context.run(
      'rectifierBiasGradient',
      ranges.map((range) => [...tensors, rows, channels, ...range]),
    );
    return [dz, db].filter((tensor) => tensor !== undefined);
  });
}

/** Registers convolution, its gradients, and the fused convolution with bias and rectifier for the backend `wasm`. */
export function registerConvolutionKernels(context: KernelContext): void {
  registerStandard(context);
  registerReluBiasGradient(context);
  replaceKernel(CONV2D_BIAS_RELU, ({ inputs, attrs }) => {
    const { x, filter, ...given } = inputs as Pick<ForwardCall, 'x' | 'filter' | 'bias' | 'points'>;
    const { pad, relu } = attrs as unknown as { pad: 'same' | 'valid'; relu: boolean };
    const info = convInfo(x.shape, filter.shape, { strides: 1, pad });
    return convolve(context, info, { x, filter, ...given, relu });
  });
  replaceKernel(WINOGRAD_POINTS, ({ inputs }) => {
    const { filter } = inputs as { filter: TensorInfo };
    if (!hasPoints(filter.shape)) return [];
    const [, , inChannels, outChannels] = shape4(filter);
    const points = context.heap.allocate([context.kernels.winogradFilterBytes(inChannels, outChannels) / 4]);
    const call = { filter, transposed: false, inChannels, outChannels };
    transformFilter(context, call, context.heap.offset(points));
    return [points];
  });
}
