import * as tf from '@tensorflow/tfjs-core';

/**
 * One [batch, 1] mask a step. Padding stands at the end, so that a state multiplied by the mask is 0 in all of the padding:
 * the output there, and the start of the backward direction.
 */
export function stepMasks(lengths: ArrayLike<number>, batch: number, time: number): tf.Tensor2D[] {
  return Array.from({ length: time }, (_, t) => {
    const mask = Float32Array.from({ length: batch }, (_unused, b) => (t < lengths[b]! ? 1 : 0));
    return tf.tensor2d(mask, [batch, 1]);
  });
}
