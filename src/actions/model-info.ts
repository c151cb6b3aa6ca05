import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Call } from '../base/call.js';
import type { ModelDescription } from '../ocr/models/model-description.js';
import type { Encoding } from '../ocr/models/quantisation.js';
import { withShownPaths } from './shown-paths.js';

export interface ModelInfo {
  /** As it was typed. */
  folder: string;
  /** Of the format that the folder was read as: older folders are read as today's. */
  version: number;
  model: ModelDescription['model'];
  preprocessing: ModelDescription['preprocessing'];
  decoder: ModelDescription['decoder'];
  alphabet: readonly string[];
  /** Numbers in all tensors together, and of those the ones that training changes by gradients. */
  parameters: number;
  trainable: number;
  tensors: number;
  weights: { encoding: Encoding; file: string; id: string; bytes: number };
  training: ModelDescription['training'];
  metrics: ModelDescription['metrics'];
}

/** What a model folder holds. The weights are read and checked, no tensor library is started. */
export async function modelInfo(input: { model: string }, call: Call): Promise<ModelInfo> {
  return withShownPaths(call.cwd, () => describe(input.model, call));
}

async function describe(shown: string, call: Call): Promise<ModelInfo> {
  const { savedModel } = await import('./saved-model.js');
  const { readSavedWeights } = await import('../ocr/models/saved-weights.js');
  const folder = savedModel(call.cwd, shown);
  const { description, weights } = readSavedWeights(folder);
  const { version, model, preprocessing, decoder, alphabet, training, metrics } = description;
  const { encoding, file, id } = description.weights;
  const numbers = (names: readonly { name: string; values: Float32Array }[]): number =>
    names.reduce((sum, { values }) => sum + values.length, 0);
  return {
    folder: shown,
    version,
    model,
    preprocessing,
    decoder,
    alphabet,
    parameters: numbers(weights),
    trainable: numbers(weights.filter(({ name }) => !/\/(mean|variance)$/.test(name))),
    tensors: weights.length,
    weights: { encoding, file, id, bytes: statSync(join(folder, file)).size },
    training,
    metrics,
  };
}
