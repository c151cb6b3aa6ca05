import * as tf from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
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
  const packs = context.cut(columns, depth * columns * PASS_COST, PANEL);
  const products = context.cut(rows, rows * depth * columns, ROW_BLOCK);
  heap.withScratch(4 * kernels.packedSize(depth, columns), (packed) => {
    for (let i = 0; i < count; i++) {
      if (i === 0 || bStep > 0) {
        const from = heap.offset(b) + 4 * i * bStep;
        context.run(
          'packColumns',
          packs.map(([first, end]) => {
            const panels = [from + 4 * first * bStrides[1]!, ...bStrides, depth, end - first];
            return [...panels, packed + 4 * first * depth];
          }),
        );
      }
      const from = heap.offset(a) + 4 * i * aStep;
      const to = heap.offset(out) + 4 * i * rows * columns;
      context.run(
        'multiplyPacked',
        products.map(([first, end]) => {
          const left = [from + 4 * first * aStrides[0]!, ...aStrides, packed];
          return [...left, to + 4 * first * columns, columns, end - first, depth, columns, 0];
        }),
      );
    }
  });
  return out;
}

/** Registers matrix multiplication for the backend `wasm`, in every combination of transposed factors. */
export function registerMatMulKernels(context: KernelContext): void {
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
