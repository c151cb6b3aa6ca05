import * as tf from '@tensorflow/tfjs-core';
import { OcrpipeError } from '../../base/errors.js';
import type { Pixels } from '../images/load.js';
import { packImages, type Frame } from '../images/pack-images.js';
import { inputExtent, type ModelConfig } from './model-config.js';
import type { ImageBatch } from './network.js';

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
  const extents = images.map((image) => inputExtent(config, image.widthPx));
  const frame = batchFrame(extents, config);
  const steps = extents.map((extent) => extent.steps);
  return { values: packImages(images, frame), shape: frameShape(frame), steps };
}

/** How images that take up so many pixels stand in one array: white to whole steps, 0 beyond, as wide as the widest. */
export function batchFrame(
  extents: readonly { filledPx: number }[],
  { height, channels }: ModelConfig,
): Frame {
  const filledPx = extents.map((extent) => extent.filledPx);
  return { heightPx: height, widthPx: Math.max(...filledPx), channels, filledPx };
}

/** [batch, height, width, channels] of a packed frame. */
export function frameShape({ filledPx, heightPx, widthPx, channels }: Frame): BatchArray['shape'] {
  return [filledPx.length, heightPx, widthPx, channels];
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
