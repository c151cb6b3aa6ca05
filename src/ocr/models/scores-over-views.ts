import * as tf from '@tensorflow/tfjs-core';
import type { ImageBatch, Scores } from './network.js';
import { otherViews } from './views.js';

/** Below it ln p would not be finite. */
const LEAST = 1e-300;

/**
 * ln of the mean probability of each class at each time step over `count` views of each image: test-time augmentation (Krizhevsky et al. 2012, "ImageNet Classification
 * with Deep Convolutional Neural Networks", section 4.1), here with views that leave time steps where they are. `scoresOf` gives the scores of a batch; one view is computed after the other,
 * so that memory is that of one.
 */
export async function scoresOverViews(
  batch: ImageBatch,
  count: number,
  scoresOf: (batch: ImageBatch) => Promise<Scores>,
): Promise<Scores> {
  const { images, steps } = batch;
  const first = await scoresOf(batch);
  const sums = new Float64Array(first.values.length);
  addProbabilities(sums, first);
  const [, , width] = images.shape;
  const stride = width / first.shape[1];
  const values = await images.data<'float32'>();
  const seen = { values, shape: images.shape, filledPx: steps.map((step) => Math.round(step * stride)) };
  for (const view of otherViews(seen, count)) {
    const moved = tf.tensor4d(view, images.shape);
    try {
      addProbabilities(sums, await scoresOf({ images: moved, steps }));
    } finally {
      moved.dispose();
    }
  }
  return { ...first, values: Float32Array.from(sums, (sum) => Math.log(Math.max(sum / count, LEAST))) };
}

/** Adds the softmax of each time step. */
function addProbabilities(sums: Float64Array, { values, shape: [, , classes] }: Scores): void {
  for (let start = 0; start < values.length; start += classes) {
    const step = values.subarray(start, start + classes);
    const most = step.reduce((a, b) => Math.max(a, b), -Infinity);
    const total = step.reduce((sum, value) => sum + Math.exp(value - most), 0);
    for (let label = 0; label < classes; label += 1)
      sums[start + label]! += Math.exp(step[label]! - most) / total;
  }
}
