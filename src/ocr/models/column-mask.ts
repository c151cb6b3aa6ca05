import * as tf from '@tensorflow/tfjs-core';

/** Which columns of a batch hold image and which only fill it up to the widest one. */
export interface ColumnMask {
  /** 1 for image, 0 for filling: [batch, 1, width, 1]. */
  columns: tf.Tensor4D;
  /** The same for every position: [1, batch * height * width]. */
  positions: tf.Tensor2D;
  /** Sum of `positions`. */
  count: number;
}

/**
 * The mask of a batch whose images fill `filled` columns each; undefined if every one fills all `width`, which spares
 * the work.
 */
export function columnMask(
  filled: readonly number[],
  size: { height: number; width: number },
): ColumnMask | undefined {
  const { height, width } = size;
  if (filled.every((columns) => columns === width)) return undefined;
  const batch = filled.length;
  const columns = new Float32Array(batch * width);
  const positions = new Float32Array(batch * height * width);
  filled.forEach((count, item) => {
    columns.fill(1, item * width, item * width + count);
    for (let row = 0; row < height; row += 1) {
      const start = (item * height + row) * width;
      positions.fill(1, start, start + count);
    }
  });
  return {
    columns: tf.tensor4d(columns, [batch, 1, width, 1]),
    positions: tf.tensor2d(positions, [1, positions.length]),
    count: filled.reduce((sum, count) => sum + count, 0) * height,
  };
}

/** Zero in filled columns; the very tensor where nothing is filled. */
export function masked<T extends tf.Tensor>(x: T, mask: ColumnMask | undefined): T {
  return mask === undefined ? x : tf.mul(x, mask.columns);
}
