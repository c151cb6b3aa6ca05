import { userError } from '../../base/errors.js';
import { blockShapes, columnFeatures } from './crnn-config.js';
import type { ModelConfig } from './model-config.js';

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

/** `classes` counts CTC's blank. */
export function readingNeed(config: ModelConfig, classes: number): MemoryNeed {
  const input = config.height * config.channels;
  const steps = layerFloats(config, classes).map(({ inputs, made }) => inputs + made);
  return {
    fixedBytes: READING_COPIES * FLOAT_BYTES * weightCount(config, classes),
    columnBytes: FLOAT_BYTES * (input + Math.max(...steps)),
  };
}

/** Training keeps what every layer made, and makes its gradient beside it. */
export function trainingNeed(config: ModelConfig, classes: number): MemoryNeed {
  const input = config.height * config.channels;
  const made = layerFloats(config, classes).reduce((sum, layer) => sum + layer.made, 0);
  return {
    fixedBytes: TRAINING_COPIES * FLOAT_BYTES * weightCount(config, classes),
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
      hint: "Make the model smaller: 'model.filters', 'model.convolutions', 'model.innerDim', 'model.units' or 'model.depth'.",
    },
  );
}

/** Floats a column of input: what a layer reads, and all that it makes, its result included. */
interface LayerFloats {
  inputs: number;
  made: number;
}

function layerFloats(config: ModelConfig, classes: number): LayerFloats[] {
  const { widthStride, innerDim, units, depth } = config;
  const perStep = ({ inputs, made }: LayerFloats): LayerFloats => ({
    inputs: inputs / widthStride,
    made: made / widthStride,
  });
  const features = columnFeatures(config);
  const sequence: LayerFloats[] = [
    // Rows and columns exchanged.
    { inputs: features, made: features },
    // Product, bias, rectifier.
    { inputs: features, made: 3 * innerDim },
    ...Array.from({ length: depth }, (_, place) => gruFloats(place === 0 ? innerDim : 2 * units, units)),
    // The mask of the dropout and its result, product, bias.
    { inputs: 2 * units, made: 4 * units + 2 * classes },
  ];
  return [...convolutionFloats(config), ...sequence.map(perStep)];
}

/** A convolution makes its product and the same normalised or masked; pooling keeps a part. */
function convolutionFloats(config: ModelConfig): LayerFloats[] {
  let channels: number = config.channels;
  return blockShapes(config).flatMap((shape): LayerFloats[] => {
    const { filters, heightIn, heightOut, strideIn, strideOut } = shape;
    const full = (heightIn * filters) / strideIn;
    const convolutions = Array.from({ length: config.convolutions }, (_, index) => ({
      inputs: index === 0 ? (heightIn * channels) / strideIn : full,
      made: 2 * full,
    }));
    channels = filters;
    return [...convolutions, { inputs: full, made: (heightOut * filters) / strideOut }];
  });
}

/** Dropout's mask and result; gates without and with bias (6 units each); states (2), and what the gradient needs (8). */
function gruFloats(inputs: number, units: number): LayerFloats {
  return { inputs, made: 2 * inputs + 22 * units };
}

/** Weights of all layers, moving averages included. */
function weightCount(config: ModelConfig, classes: number): number {
  const { channels, convolutions, innerDim, units, depth } = config;
  let count = 0;
  let inputs: number = channels;
  for (const { filters } of blockShapes(config)) {
    count += 9 * inputs * filters + 9 * (convolutions - 1) * filters ** 2 + 4 * convolutions * filters;
    inputs = filters;
  }
  count += (columnFeatures(config) + 1) * innerDim;
  for (let layer = 0; layer < depth; layer += 1) {
    const features = layer === 0 ? innerDim : 2 * units;
    count += 6 * units * (features + 1) + 6 * units * (units + 1);
  }
  return count + (2 * units + 1) * classes;
}
