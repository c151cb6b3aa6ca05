import { userError } from '../../base/errors.js';
import { layerFloats, repeatedGradients } from './layer-floats.js';
import type { ModelConfig } from './model-config.js';
import { weightCount } from './new-network.js';

/** Bytes of tensors that a model has in use at once, at the most; a little more rather than less. */
export interface MemoryNeed {
  /** However large the batch is. */
  fixedBytes: number;
  /** For each pixel of width of each image, counted up to the batch's widest image. */
  columnBytes: number;
}

const FLOAT_BYTES = 4;
/** Copies of all weights while a model reads: the weights, and a filter with its normalisation folded in. */
const READING_COPIES = 2;
/** The same while it learns: weights, average, gradients (of a step and of one part of it), two moments, working memory. */
const TRAINING_COPIES = 8;

/** `classes` counts the one class more than the alphabet's; a decoder with attention follows `beam` texts. */
export function readingNeed(config: ModelConfig, classes: number, beam = 1): MemoryNeed {
  const input = config.height * config.channels;
  const steps = layerFloats(config, classes, { beam }).map(({ inputs, made }) => inputs + made);
  return {
    fixedBytes: READING_COPIES * FLOAT_BYTES * weightCount(config, classes),
    columnBytes: FLOAT_BYTES * (input + Math.max(...steps)),
  };
}

/** Training keeps what every layer made, and makes its gradient beside it. */
export function trainingNeed(config: ModelConfig, classes: number): MemoryNeed {
  const input = config.height * config.channels;
  const made = layerFloats(config, classes, 'training').reduce((sum, layer) => sum + layer.made, 0);
  const weights = TRAINING_COPIES * weightCount(config, classes) + repeatedGradients(config, classes);
  return {
    fixedBytes: FLOAT_BYTES * weights,
    columnBytes: FLOAT_BYTES * (input + 2 * made),
  };
}

/**
 * Pixels of width, of all images of a batch together, that fit into `memoryBytes`. Throws `out-of-memory` (exit code 2)
 * if not even the weights do.
 */
export function columnsThatFit({ fixedBytes, columnBytes }: MemoryNeed, memoryBytes: number): number {
  const columns = Math.floor((memoryBytes - fixedBytes) / columnBytes);
  if (columns >= 1) return columns;
  const [need, most] = [fixedBytes, memoryBytes].map((bytes) => (bytes / 2 ** 30).toFixed(1));
  throw userError(
    'out-of-memory',
    `the weights of this model alone need ${need} GiB of memory, of ${most} GiB`,
    {
      hint: "Make the model smaller: 'model.filters', 'model.innerDim', 'model.units', 'model.depth' or whatever else it has of sizes.",
    },
  );
}
