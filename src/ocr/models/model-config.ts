import { z } from 'zod';
import type { FitMode } from '../images/load.js';
import { crnnConfigSchema } from './crnn-config.js';

/** A recogniser and its sizes: the section `model` of params.yaml, kept in `ocrpipe.json` beside the weights. */
export const modelConfigSchema = z.discriminatedUnion('type', [crnnConfigSchema]);

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
  const steps = Math.ceil(widthPx / config.widthStride);
  return { steps, filledPx: steps * config.widthStride };
}
