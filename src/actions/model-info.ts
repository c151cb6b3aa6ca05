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
  /** Numbers in the weights of each layer, from the image on. */
  layers: { name: string; parameters: number }[];
  columns: {
    /** Pixels of width from one time step to the next, or from one position to the next where steps are a fixed number. */
    widthPx: number;
    /** Pixels that the convolutions see around each; what comes behind them looks at the whole line. */
    seenPx: number;
    /** Time steps of every image; null where its width decides. */
    steps: number | null;
  };
  weights: { encoding: Encoding; file: string; id: string; bytes: number };
  training: ModelDescription['training'];
  metrics: ModelDescription['metrics'];
}

/** What a model folder holds. The weights are read and checked, no backend is started. */
export async function modelInfo(input: { model: string }, call: Call): Promise<ModelInfo> {
  return withShownPaths(call.cwd, () => describe(input.model, call));
}

async function describe(shown: string, call: Call): Promise<ModelInfo> {
  const { savedModel } = await import('./saved-model.js');
  const { readCheckedWeights } = await import('../ocr/models/checked-weights.js');
  const { receptiveFieldPx } = await import('../ocr/models/receptive-field.js');
  const folder = savedModel(call.cwd, shown);
  const { description, weights } = readCheckedWeights(folder);
  const { version, model, preprocessing, decoder, alphabet, training, metrics } = description;
  const { encoding, file, id } = description.weights;
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
    layers: layersOf(weights),
    columns: {
      widthPx: model.widthStride,
      seenPx: receptiveFieldPx(model),
      steps: model.type === 'fcnn-lstm' ? model.outputLength : null,
    },
    weights: { encoding, file, id, bytes: statSync(join(folder, file)).size },
    training,
    metrics,
  };
}

type Weights = readonly { name: string; values: Float32Array }[];

function numbers(weights: Weights): number {
  return weights.reduce((sum, { values }) => sum + values.length, 0);
}

/** Weights are named `layer/weight`, or `layer/part/weight`. */
function layersOf(weights: Weights): ModelInfo['layers'] {
  const layers = new Map<string, number>();
  for (const { name, values } of weights) {
    const layer = name.slice(0, name.indexOf('/'));
    layers.set(layer, (layers.get(layer) ?? 0) + values.length);
  }
  return [...layers].map(([name, parameters]) => ({ name, parameters }));
}
