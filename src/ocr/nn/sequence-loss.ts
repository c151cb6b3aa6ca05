import * as tf from '@tensorflow/tfjs-core';

export interface SequenceLossOptions {
  /** The class of each step of each item; items may have different numbers of steps, at least one, at most `time`. */
  labels: readonly ArrayLike<number>[];
  /** Share of the probability that is spread evenly over all classes (Szegedy et al. 2016); 0 unless given. */
  smoothing?: number;
}

/**
 * Cross entropy of logits [batch, time, classes] with labels, in nats: the mean over each item's own steps, then over the batch.
 * Steps beyond an item's labels count for nothing.
 */
export function sequenceLoss(logits: tf.Tensor3D, options: SequenceLossOptions): tf.Scalar {
  return tf.tidy(() => {
    const targets = weightedTargets(logits.shape, options);
    return tf.neg(tf.sum(tf.mul(tf.logSoftmax(logits), targets)));
  });
}

/** The probability that each class should have, times the weight of the step. */
function weightedTargets(
  [batch, time, classes]: [number, number, number],
  { labels, smoothing = 0 }: SequenceLossOptions,
): tf.Tensor3D {
  const values = new Float32Array(batch * time * classes);
  labels.forEach((steps, item) => {
    const weight = 1 / (batch * steps.length);
    for (let t = 0; t < steps.length; t++) {
      const row = (item * time + t) * classes;
      values.fill((smoothing / classes) * weight, row, row + classes);
      values[row + steps[t]!]! += (1 - smoothing) * weight;
    }
  });
  return tf.tensor3d(values, [batch, time, classes]);
}
