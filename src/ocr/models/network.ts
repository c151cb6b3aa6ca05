import type * as tf from '@tensorflow/tfjs-core';
import type { PrefixGuide } from '../nn/prefix-guide.js';
import type { DecoderConfig } from './decoder.js';
import type { VariableStore } from './variables.js';

/** What a network looks at once. */
export interface ImageBatch {
  /** [batch, height, width, channels], -1 black to 1 white, 0 in columns that belong to no image. */
  images: tf.Tensor4D;
  /** Time steps of each image, see `inputExtent`. */
  steps: readonly number[];
}

/** What one image was read as. */
export interface LabelReading {
  /** Classes of the alphabet in reading order. */
  labels: number[];
  /** The probability of each label, 0 to 1. */
  confidences: number[];
  /** The time step where each label is most probable, for networks that read by time steps. */
  steps?: number[];
  /** Geometric mean of the best path's probabilities over its steps, 0 to 1. */
  confidence: number;
}

/** Unnormalised scores on the host: `values` is row-major [batch, time, classes], of which each item's first `steps` count. */
export interface Scores {
  values: Float32Array;
  shape: readonly [number, number, number];
  steps: readonly number[];
}

/** What decides a training pass besides images and labels. */
export interface PassOptions {
  /** Of everything that is drawn in the pass: dropout, sampling. */
  seed: number;
  /** Steps learnt before this one, for what changes while training goes on; 0 unless given. */
  step?: number;
  /** Share of the probability that the loss spreads over all classes, for networks that can (attention); 0 unless given. */
  labelSmoothing?: number;
}

/** What a training pass gives, made on the backend inside of the caller's gradient function. */
export interface TrainingPass {
  /** Mean over the batch of the loss a character, in nats. */
  loss: tf.Scalar;
  /** [batch, time, classes]: what `greedyReadings` turns into readings of the batch. */
  scores: tf.Tensor3D;
}

/**
 * A network that learns to read lines: all that training, validation and prediction know of one. The classes are those of the
 * alphabet and one more, the last, that each kind of network gives its own meaning (CTC's blank, the end of the text).
 */
export interface Network {
  readonly variables: VariableStore;
  /** Differentiable with respect to `variables.trainable`; batch statistics and dropout as in training. */
  trainingLoss(batch: ImageBatch, labels: readonly ArrayLike<number>[], options: PassOptions): TrainingPass;
  /** The readings in the scores of a training pass, the best class of each step. */
  greedyReadings(scores: Scores): LabelReading[];
  /**
   * Reads images with moving averages and no dropout; no image depends on its neighbours. `guide` is what `decoder` knows of texts
   * besides the image.
   */
  read(batch: ImageBatch, decoder: DecoderConfig, guide?: PrefixGuide): Promise<LabelReading[]>;
  dispose(): void;
}
