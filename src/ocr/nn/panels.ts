import * as tf from '@tensorflow/tfjs-core';
import { PACKED_MATRIX, PACKED_PRODUCT, WINOGRAD_POINTS } from './kernels/kernel-names.js';
import { hasKernel, runKernel } from './kernels/own-kernel.js';

/**
 * A matrix [.., depth, columns] as products read it fastest, for one that does not change; undefined where the backend has no use for it.
 */
export function packMatrix(matrix: tf.Tensor): tf.Tensor | undefined {
  return hasKernel(PACKED_MATRIX) ? runKernel(PACKED_MATRIX, { b: matrix })[0] : undefined;
}

/** rows [.., depth] · matrix [depth, columns]; `panels` are those of the matrix, if they were made. No gradient flows through them. */
export function matMulPanels(rows: tf.Tensor2D, matrix: tf.Tensor2D, panels?: tf.Tensor): tf.Tensor2D {
  if (panels === undefined) return tf.matMul(rows, matrix);
  const columns = matrix.shape[1];
  return runKernel(PACKED_PRODUCT, { a: rows, packed: panels }, { columns })[0] as tf.Tensor2D;
}

/** What Winograd's method makes of a filter that does not change, for `conv2d`; undefined where it would not be used. */
export function winogradPoints(filter: tf.Tensor4D): tf.Tensor | undefined {
  return hasKernel(WINOGRAD_POINTS) ? runKernel(WINOGRAD_POINTS, { filter })[0] : undefined;
}
