import * as tf from '@tensorflow/tfjs-core';
import { OcrpipeError } from '../../base/errors.js';
import type { Pixels } from '../images/load.js';
import { inputExtent, type ModelConfig } from './model-config.js';
import type { ImageBatch } from './network.js';

/** White after scaling to -1 … 1. */
const WHITE = 1;

/** A batch away from any backend. */
export interface BatchArray {
  /** [batch, height, width, channels], see `ImageBatch`. */
  values: Float32Array;
  shape: [number, number, number, number];
  /** Time steps of each image. */
  steps: number[];
}

/**
 * Puts images of one height side by side into one array: pixels scaled to -1 … 1, white up to each image's own whole
 * number of time steps (so that its reading does not depend on its neighbours), 0 beyond, up to the widest.
 */
export function batchArray(images: readonly Pixels[], config: ModelConfig): BatchArray {
  const { height, channels } = config;
  const extents = images.map((image) => inputExtent(config, image.widthPx));
  const width = Math.max(...extents.map(({ filledPx }) => filledPx));
  const values = new Float32Array(images.length * height * width * channels);
  images.forEach((image, item) => {
    const rowIn = image.widthPx * channels;
    const rowFilled = extents[item]!.filledPx * channels;
    for (let y = 0; y < height; y += 1) {
      const start = (item * height + y) * width * channels;
      for (let x = 0; x < rowIn; x += 1) values[start + x] = image.data[y * rowIn + x]! / 127.5 - 1;
      values.fill(WHITE, start + rowIn, start + rowFilled);
    }
  });
  return {
    values,
    shape: [images.length, height, width, channels],
    steps: extents.map(({ steps }) => steps),
  };
}

/** The batch on the current backend; the caller disposes of its `images`. Throws `out-of-memory` (exit code 2) with the batch's size. */
export function toImageBatch(array: BatchArray): ImageBatch {
  try {
    return { images: tf.tensor4d(array.values, array.shape), steps: array.steps };
  } catch (error) {
    throw withBatchSize(error, array);
  }
}

/** What to throw for `error` met while a batch was computed: `out-of-memory` says how large the batch was. */
export function withBatchSize(error: unknown, { shape }: Pick<BatchArray, 'shape'>): unknown {
  if (!(error instanceof OcrpipeError) || error.code !== 'out-of-memory') return error;
  const [images, height, width] = shape;
  const size = `${images === 1 ? 'one image' : `${images} images, the widest`} ${width} pixels wide at a height of ${height}`;
  const batch = `a batch of ${size} does not fit into memory`;
  const { exitCode, hint = '' } = error;
  return new OcrpipeError(error.code, `${batch}: ${error.message}`, { exitCode, hint, cause: error });
}
