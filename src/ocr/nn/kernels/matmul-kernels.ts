import * as tf from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { PACKED_MATRIX, PACKED_PRODUCT } from './kernel-names.js';
import { replaceKernel } from './replace-kernel.js';
import { PASS_COST, type KernelContext } from './kernel-context.js';

/** a [.., m, k] times b [.., k, n], each stored as said or with its last two axes swapped. */
interface Product {
  a: TensorInfo;
  b: TensorInfo;
  transposeA: boolean;
  transposeB: boolean;
}

/** The batch axes must be equal, or absent or 1 on one side; other broadcasts go to tfjs's own kernel. */
function batchShape(a: number[], b: number[]): number[] | undefined {
  const left = a.slice(0, -2);
  const right = b.slice(0, -2);
  if (tf.util.arraysEqual(left, right)) return left;
  if (tf.util.sizeFromShape(right) === 1 && right.length <= left.length) return left;
  if (tf.util.sizeFromShape(left) === 1 && left.length <= right.length) return right;
  return undefined;
}

/** Rows of a product that one block takes. */
const ROW_BLOCK = 64;
/** Columns of a packed panel. */
const PANEL = 8;

function multiply(context: KernelContext, product: Product): TensorInfo | undefined {
  const { heap, kernels } = context;
  const { a, b, transposeA, transposeB } = product;
  const outer = batchShape(a.shape, b.shape);
  if (outer === undefined || a.dtype !== 'float32' || b.dtype !== 'float32') return undefined;
  const [aRows, aColumns] = a.shape.slice(-2) as [number, number];
  const [bRows, bColumns] = b.shape.slice(-2) as [number, number];
  const [rows, depth] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
  const columns = transposeB ? bRows : bColumns;
  const out = heap.allocate([...outer, rows, columns]);
  const count = tf.util.sizeFromShape(outer);
  const aStep = tf.util.sizeFromShape(a.shape) === count * rows * depth ? rows * depth : 0;
  const bStep = tf.util.sizeFromShape(b.shape) === count * depth * columns ? depth * columns : 0;
  const aStrides = transposeA ? [1, rows] : [depth, 1];
  const bStrides = transposeB ? [1, depth] : [columns, 1];
  heap.withScratch(4 * kernels.packedSize(depth, columns), (packed) => {
    for (let i = 0; i < count; i++) {
      const from = heap.offset(b) + 4 * i * bStep;
      if (i === 0 || bStep > 0) pack(context, { from, strides: bStrides, depth, columns }, packed);
      const left = { from: heap.offset(a) + 4 * i * aStep, strides: aStrides, rows };
      multiplyPanels(context, { left, packed, depth, columns }, heap.offset(out) + 4 * i * rows * columns);
    }
  });
  return out;
}

/** A matrix [depth, columns] at an offset, with the steps between its rows and its columns. */
interface Right {
  from: number;
  strides: readonly number[];
  depth: number;
  columns: number;
}

function pack(context: KernelContext, { from, strides, depth, columns }: Right, packed: number): void {
  const ranges = context.cut(columns, depth * columns * PASS_COST, PANEL);
  context.run(
    'packColumns',
    ranges.map(([first, end]) => {
      const panels = [from + 4 * first * strides[1]!, ...strides, depth, end - first];
      return [...panels, packed + 4 * first * depth];
    }),
  );
}

/** The rows on the left of a product, and the panels on its right. */
interface PanelProduct {
  left: { from: number; strides: readonly number[]; rows: number };
  packed: number;
  depth: number;
  columns: number;
}

function multiplyPanels(
  context: KernelContext,
  { left: { from, strides, rows }, packed, depth, columns }: PanelProduct,
  to: number,
): void {
  const ranges = context.cut(rows, rows * depth * columns, ROW_BLOCK);
  context.run(
    'multiplyPacked',
    ranges.map(([first, end]) => {
      const left = [from + 4 * first * strides[0]!, ...strides, packed];
      return [...left, to + 4 * first * columns, columns, end - first, depth, columns, 0];
    }),
  );
}

/** Registers the panels of a matrix that is used often, and products with them. */
function registerPackedKernels(context: KernelContext): void {
  const { heap, kernels } = context;
  replaceKernel(PACKED_MATRIX, ({ inputs }) => {
    const { b } = inputs as { b: TensorInfo };
    const [depth, columns] = b.shape.slice(-2) as [number, number];
    const count = tf.util.sizeFromShape(b.shape.slice(0, -2));
    const size = kernels.packedSize(depth, columns);
    const packed = heap.allocate([count, size]);
    for (let i = 0; i < count; i += 1) {
      const right = { from: heap.offset(b) + 4 * i * depth * columns, strides: [columns, 1], depth, columns };
      pack(context, right, heap.offset(packed) + 4 * i * size);
    }
    return packed;
  });
  replaceKernel(PACKED_PRODUCT, ({ inputs, attrs }) => {
    const { a, packed } = inputs as Record<'a' | 'packed', TensorInfo>;
    const { columns } = attrs as { columns: number };
    const [rows, depth] = a.shape as [number, number];
    const out = heap.allocate([rows, columns]);
    const left = { from: heap.offset(a), strides: [depth, 1], rows };
    multiplyPanels(context, { left, packed: heap.offset(packed), depth, columns }, heap.offset(out));
    return out;
  });
}

/** Registers matrix multiplication for the backend `wasm`, in every combination of transposed factors. */
export function registerMatMulKernels(context: KernelContext): void {
  registerPackedKernels(context);
  replaceKernel('BatchMatMul', ({ inputs, attrs }) => {
    const { a, b } = inputs as Record<'a' | 'b', TensorInfo>;
    const { transposeA, transposeB } = attrs as { transposeA: boolean; transposeB: boolean };
    return multiply(context, { a, b, transposeA, transposeB });
  });
  replaceKernel('_FusedMatMul', ({ inputs, attrs }) => {
    const { a, b, bias, preluActivationWeights } = inputs as Record<string, TensorInfo | undefined>;
    const { transposeA, transposeB, activation } = attrs as Record<string, unknown>;
    const relu = activation === 'relu';
    if (preluActivationWeights !== undefined || !(relu || activation === 'linear')) return undefined;
    if (bias !== undefined && bias.shape.length !== 1) return undefined;
    const product = { a: a!, b: b!, transposeA: transposeA === true, transposeB: transposeB === true };
    const out = multiply(context, product);
    if (out === undefined || (bias === undefined && !relu)) return out;
    const columns = out.shape.at(-1)!;
    const { heap, kernels } = context;
    const rows = tf.util.sizeFromShape(out.shape) / columns;
    kernels.shiftAndRectify(heap.offset(out), heap.offsetOrZero(bias), rows, columns, Number(relu));
    return out;
  });
}
