import { randomFrom } from '../../../src/base/random.js';
import type { Pixels } from '../../../src/ocr/images/load.js';
import { modelConfigSchema, type ModelConfig } from '../../../src/ocr/models/model-config.js';

const columns = { height: 16, filters: [4, 6], innerDim: 10, units: 8 };
const decoder = { ...columns, type: 'attention', decoderUnits: 12, embeddingDim: 8, maxLength: 4 };

/** One of each type and of each variant that has layers of its own, as small as they come; all take images 16 pixels high. */
export const TINY_MODELS: Readonly<Record<string, Record<string, unknown>>> = {
  'crnn with GRU': { ...columns, type: 'crnn', depth: 2 },
  'crnn with LSTM': { ...columns, type: 'crnn', cell: 'lstm' },
  'fcnn-lstm': { type: 'fcnn-lstm', height: 16, units: 8, width: 50, filters: [4, 4, 6], outputLength: 11 },
  'fcnn-lstm from left to right': {
    type: 'fcnn-lstm',
    height: 16,
    width: 48,
    fit: 'pad-then-squeeze',
    filters: [4, 4, 6],
    outputLength: 9,
    units: 8,
    bidirectional: false,
  },
  'attention by Bahdanau': decoder,
  'attention by Luong': { ...decoder, attention: 'luong', samplingSteps: 0 },
  mixer: { type: 'mixer', height: 16, filters: [4, 6], blocks: [1, 1], innerDim: 12, depth: 1, heads: 2 },
};

/** The configuration of one of the above, with changes. */
export function tinyModel(name: string, changes: Record<string, unknown> = {}): ModelConfig {
  return modelConfigSchema.parse({ ...TINY_MODELS[name], ...changes });
}

/** An image of noise as the model would load it. */
export function noiseFor(config: ModelConfig, widthPx: number): Pixels {
  const random = randomFrom(widthPx, 'noise');
  const width = config.type === 'fcnn-lstm' ? config.width : widthPx;
  const size = { widthPx: width, heightPx: config.height, channels: config.channels };
  const data = Uint8Array.from({ length: width * size.heightPx * size.channels }, () => random.below(256));
  return { data, ...size };
}
