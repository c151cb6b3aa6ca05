import { z } from 'zod';
import type { FitMode } from '../images/load.js';
import { attentionConfigSchema } from './attention-config.js';
import { crnnConfigSchema } from './crnn-config.js';
import { fcnnLstmConfigSchema } from './fcnn-lstm-config.js';
import { mixerConfigSchema } from './mixer-config.js';

/** A recogniser and its sizes: the section `model` of params.yaml, kept in `ocrpipe.json` beside the weights. */
export const modelConfigSchema = z.discriminatedUnion(
  'type',
  [crnnConfigSchema, fcnnLstmConfigSchema, attentionConfigSchema, mixerConfigSchema],
  { error: 'must be one of crnn, fcnn-lstm, attention, mixer' },
);

export type ModelConfig = z.infer<typeof modelConfigSchema>;

/** How images are loaded for this model: scaled to its height, white on the right up to `width` if it has one. */
export function imageFit(config: ModelConfig): { mode: FitMode; heightPx: number; widthPx?: number } {
  const size = { mode: config.fit, heightPx: config.height };
  return config.width === undefined ? size : { ...size, widthPx: config.width };
}

/** What an image is to a model. */
export interface InputExtent {
  /** Time steps that it is read in; the last one may be partly padding. */
  steps: number;
  /** Pixels of width that it fills, with white after its own: whole time steps. */
  filledPx: number;
}

/** The extent of an image that `imageFit` made `widthPx` pixels wide. */
export function inputExtent(config: ModelConfig, widthPx: number): InputExtent {
  const columns = Math.ceil(widthPx / config.widthStride);
  const steps = config.type === 'fcnn-lstm' ? config.outputLength : columns;
  return { steps, filledPx: columns * config.widthStride };
}

/** The configuration with what the labels decide: the longest that `attention` writes. `longestLabel` in characters. */
export function fittedToLabels(config: ModelConfig, longestLabel: number): ModelConfig {
  if (config.type !== 'attention' || config.maxLength !== undefined) return config;
  return { ...config, maxLength: Math.max(1, longestLabel) };
}
