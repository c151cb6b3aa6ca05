import * as tf from '@tensorflow/tfjs-core';

/**
 * 1 for columns of image, 0 for those that only fill a batch up to its widest image: [batch, 1, width, 1]; undefined if every
 * image fills all `width` columns, which spares the work. `filled` counts each image's columns.
 */
export function columnMask(filled: readonly number[], width: number): tf.Tensor4D | undefined {
  if (filled.every((columns) => columns === width)) return undefined;
  const mask = new Float32Array(filled.length * width);
  filled.forEach((count, item) => {
    mask.fill(1, item * width, item * width + count);
  });
  return tf.tensor4d(mask, [filled.length, 1, width, 1]);
}

/** Zero in filled columns; the very tensor where nothing is filled. */
export function masked<T extends tf.Tensor>(x: T, mask: tf.Tensor4D | undefined): T {
  return mask === undefined ? x : tf.mul(x, mask);
}
