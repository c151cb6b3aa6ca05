import type { Pixels } from '../images/load.js';
import { batchArray, toImageBatch, withBatchSize } from '../models/image-batch.js';
import type { Recogniser } from '../models/recogniser.js';

/** What a model read in one image. */
export interface Reading {
  text: string;
  /** Geometric mean of the best path's probabilities over its steps, 0 to 1. */
  confidence: number;
}

/**
 * Reads images of the model's height together. The result of one does not depend on the others. Throws `out-of-memory`
 * (exit code 2), naming the size of the batch.
 */
export async function recogniseBatch(
  { network, config, alphabet, decoder, guide }: Recogniser,
  images: readonly Pixels[],
): Promise<Reading[]> {
  if (images.length === 0) return [];
  const array = batchArray(images, config);
  const batch = toImageBatch(array);
  try {
    const readings = await network.read(batch, decoder, guide);
    return readings.map(({ labels, confidence }) => ({ text: alphabet.decode(labels), confidence }));
  } catch (error) {
    throw withBatchSize(error, array);
  } finally {
    batch.images.dispose();
  }
}
