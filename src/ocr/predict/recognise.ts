import * as tf from '@tensorflow/tfjs-core';
import { ctcGreedyDecode } from '../nn/ctc-decode.js';
import type { Pixels } from '../images/load.js';
import { batchArray, toImageBatch, withBatchSize, type BatchArray } from '../models/image-batch.js';
import type { Recogniser } from '../models/recogniser.js';

/** What a model read in one image. */
export interface Reading {
  text: string;
  /** Geometric mean of the best path's probabilities over its time steps, 0 to 1. */
  confidence: number;
}

/**
 * Reads images of the model's height together. The result of one does not depend on the others. Throws `out-of-memory`
 * (exit code 2), naming the size of the batch.
 */
export async function recogniseBatch(model: Recogniser, images: readonly Pixels[]): Promise<Reading[]> {
  if (images.length === 0) return [];
  const batch = batchArray(images, model.config);
  const logits = logitsOf(model, batch);
  try {
    return decodeLogits(model, await logits.data<'float32'>(), batch);
  } finally {
    logits.dispose();
  }
}

function logitsOf(model: Recogniser, batch: BatchArray): tf.Tensor {
  try {
    return tf.tidy(() => model.network.read(toImageBatch(batch)));
  } catch (error) {
    throw withBatchSize(error, batch);
  }
}

/** The readings of logits [batch, time, classes], best class of each step. */
export function decodeLogits(
  { alphabet }: Recogniser,
  logits: Float32Array,
  { shape, steps }: Pick<BatchArray, 'shape' | 'steps'>,
): Reading[] {
  const classes = alphabet.size + 1;
  const batch = shape[0];
  const time = logits.length / (batch * classes);
  return ctcGreedyDecode({ logits, batch, time, classes, logitLengths: steps }).map((path, item) => ({
    text: alphabet.decode(path.labels),
    confidence: Math.exp(path.logProbability / steps[item]!),
  }));
}
