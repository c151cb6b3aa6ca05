import { userError, type OcrpipeError } from '../../base/errors.js';
import type { ModelConfig } from '../models/model-config.js';
import type { NamedArray } from '../models/variables.js';
import { crnnGraph } from './crnn-graph.js';
import type { LayerGraph } from './layer-graph.js';

/** The layers of a network as it reads. Throws `model-not-exportable` (exit code 2) for a kind that other programs cannot run. */
export function graphOf(config: ModelConfig, weights: readonly NamedArray[]): LayerGraph {
  if (config.type !== 'crnn') throw notExportable(`of the type '${config.type}'`);
  if (config.cell !== 'gru') throw notExportable(`with 'cell: ${config.cell}'`);
  return crnnGraph(config, weights);
}

function notExportable(which: string): OcrpipeError {
  return userError('model-not-exportable', `a model ${which} cannot be exported to other formats`, {
    hint: "A 'crnn' with 'cell: gru' can. With --out the model folder itself is written with smaller weights, whatever its type.",
  });
}
