import type { AttentionConfig } from './attention-config.js';
import { blockShapes, columnFeatures, type PooledImage } from './block-shapes.js';
import type { CrnnConfig } from './crnn-config.js';
import type { FcnnLstmConfig } from './fcnn-lstm-config.js';
import type { MixerConfig } from './mixer-config.js';
import type { ModelConfig } from './model-config.js';

/** Floats of one layer for each column of the input: what it reads, and all that it makes, its result included. */
export interface LayerFloats {
  inputs: number;
  made: number;
}

/** Attention of steps to steps grows with the square of the width; it is counted as for images of so many steps. */
const MIXED_STEPS = 256;

/**
 * What a model is used for: training keeps what it made for each character of a label, reading only that of the last, for each of
 * the `beam` texts that are followed.
 */
export type Use = 'training' | { beam: number };

/** Every layer of a model, in order. `classes` counts the one class more than the alphabet's. */
export function layerFloats(config: ModelConfig, classes: number, use: Use): LayerFloats[] {
  switch (config.type) {
    case 'crnn':
      return [...encoderFloats(config), perStep(config, outputFloats(2 * config.units, classes))];
    case 'fcnn-lstm':
      return fcnnLstmFloats(config, classes);
    case 'attention':
      return attentionFloats(config, classes, use);
    case 'mixer':
      return mixerFloats(config, classes, use);
  }
}

function perStep({ widthStride }: { widthStride: number }, { inputs, made }: LayerFloats): LayerFloats {
  return { inputs: inputs / widthStride, made: made / widthStride };
}

/** The mask of the dropout and its result, product, bias. */
function outputFloats(features: number, classes: number): LayerFloats {
  return { inputs: features, made: 2 * features + 2 * classes };
}

function encoderFloats(config: Omit<CrnnConfig, 'type'>): LayerFloats[] {
  const { innerDim, units, depth, cell } = config;
  const features = columnFeatures(config);
  const sequence: LayerFloats[] = [
    // Rows and columns exchanged.
    { inputs: features, made: features },
    // Product, bias, rectifier.
    { inputs: features, made: 3 * innerDim },
    ...Array.from({ length: depth }, (_, place) =>
      scanFloats(place === 0 ? innerDim : 2 * units, units, cell === 'gru' ? 22 : 28),
    ),
  ];
  return [...convolutionFloats(config), ...sequence.map((layer) => perStep(config, layer))];
}

/** A convolution makes its product and the same normalised or masked; pooling keeps a part. */
function convolutionFloats(config: PooledImage & { channels: number; convolutions: number }): LayerFloats[] {
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

/**
 * Dropout's mask and result, and for each unit: gates without and with bias, states, and what the gradient needs. For a GRU in
 * two directions 2·6 + 2 + 8, for an LSTM 2·8 + 2 + 10.
 */
function scanFloats(inputs: number, units: number, each: number): LayerFloats {
  return { inputs, made: 2 * inputs + each * units };
}

function fcnnLstmFloats(config: FcnnLstmConfig, classes: number): LayerFloats[] {
  const { units, depth, outputLength, width } = config;
  const features = config.filters.at(-1)!;
  const directions = config.bidirectional ? 2 : 1;
  const sequence: LayerFloats[] = [
    // Product, bias, axes exchanged.
    { inputs: 0, made: 3 * features },
    ...Array.from({ length: depth }, (_, place) =>
      scanFloats(place === 0 ? features : directions * units, units, 14 * directions),
    ),
    outputFloats(directions * units, classes),
  ];
  return [
    ...convolutionFloats(config),
    // Sum and mean over the height, axes exchanged.
    perStep(config, { inputs: columnFeatures(config), made: 3 * features }),
    ...sequence.map(({ inputs, made }) => ({
      inputs: (inputs * outputLength) / width,
      made: (made * outputLength) / width,
    })),
  ];
}

function attentionFloats(config: AttentionConfig, classes: number, use: Use): LayerFloats[] {
  const { units, decoderUnits, embeddingDim, maxLength = 1 } = config;
  const beam = use === 'training' ? 1 : use.beam;
  const seen = 2 * units + decoderUnits;
  // A label and its end.
  const written = use === 'training' ? maxLength + 1 : beam;
  // The gradients of what every character looks at are kept, one for each, until all are there.
  const gradients = use === 'training' ? (written * seen) / 2 : 0;
  const looking = perStep(config, {
    inputs: seen,
    // Keys, dropout, gradients that are added up, and for each character scores and weights; copies for a beam.
    made: 2 * decoderUnits + 4 * units + seen + 4 * written + gradients + (beam > 1 ? beam * seen : 0),
  });
  // What is made for each character belongs to images, not to columns: it is shared among those that such an image has at least.
  const writing = written * (8 * classes + 30 * decoderUnits + 4 * (2 * units + embeddingDim));
  const columns = Math.max(config.height, maxLength * config.widthStride);
  return [...encoderFloats({ ...config, cell: 'gru' }), looking, { inputs: 0, made: writing / columns }];
}

/** Floats of the gradients of weights of which training keeps one for each character until all are there. */
export function repeatedGradients(config: ModelConfig, classes: number): number {
  if (config.type !== 'attention') return 0;
  const { units, decoderUnits, embeddingDim, maxLength = 1 } = config;
  const looked = 2 * units + decoderUnits;
  const scan = 3 * decoderUnits * (embeddingDim + looked + decoderUnits);
  const others = decoderUnits * (looked + embeddingDim + decoderUnits) + (classes + 1) * embeddingDim;
  return (maxLength + 1) * (scan + others);
}

function mixerFloats(config: MixerConfig, classes: number, use: Use): LayerFloats[] {
  const { innerDim, depth, heads, expansion } = config;
  const features = columnFeatures(config);
  // Dropout, of which reading has none, makes two more of everything that it passes.
  const [plain, wide] = use === 'training' ? [36, 5] : [26, 3];
  const mixing = {
    inputs: innerDim,
    made: (plain + wide * expansion) * innerDim + 7 * heads * MIXED_STEPS,
  };
  const sequence: LayerFloats[] = [
    { inputs: features, made: features },
    // Product and bias.
    { inputs: features, made: 2 * innerDim },
    ...Array.from({ length: depth }, () => mixing),
    { inputs: innerDim, made: innerDim + outputFloats(innerDim, classes).made },
  ];
  return [...stageFloats(config), ...sequence.map((layer) => perStep(config, layer))];
}

function stageFloats(config: MixerConfig): LayerFloats[] {
  let channels: number = config.channels;
  return blockShapes(config).flatMap((shape, index): LayerFloats[] => {
    const { filters, heightIn, heightOut, strideIn, strideOut } = shape;
    const full = (heightIn * filters) / strideIn;
    const entry = { inputs: (heightIn * channels) / strideIn, made: 2 * full };
    channels = filters;
    // Each channel alone, wider twice (product and the same normalised), narrow again, and the sum.
    const block = { inputs: full, made: (3 + 2 * config.expansion) * full };
    const blocks = Array.from({ length: config.blocks[index]! }, () => block);
    return [entry, ...blocks, { inputs: full, made: (heightOut * filters) / strideOut }];
  });
}
