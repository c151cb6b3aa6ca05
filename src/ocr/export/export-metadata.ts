import type { ModelDescription } from '../models/model-description.js';
import type { Encoding } from '../models/quantisation.js';

/** What a program needs to know besides the network to read with it, and where the weights come from. */
export type ExportMetadata = Pick<
  ModelDescription,
  'alphabet' | 'preprocessing' | 'decoder' | 'model' | 'training' | 'metrics'
> & { weights: Encoding };

export function exportMetadata(description: ModelDescription, weights: Encoding): ExportMetadata {
  const { alphabet, preprocessing, decoder, model, training, metrics } = description;
  return { alphabet, preprocessing, decoder, model, training, metrics, weights };
}

/** The same as texts by name, each value being JSON. */
export function asTexts(metadata: ExportMetadata): Record<string, string> {
  const entries = Object.entries(metadata).map(([key, value]) => [`ocrpipe.${key}`, JSON.stringify(value)]);
  return Object.fromEntries(entries) as Record<string, string>;
}
