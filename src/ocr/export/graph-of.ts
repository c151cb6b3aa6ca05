import type { ModelConfig } from '../models/model-config.js';
import type { NamedArray } from '../models/variables.js';
import { attentionGraph } from './attention-graph.js';
import { crnnGraph } from './crnn-graph.js';
import { fcnnLstmGraph } from './fcnn-lstm-graph.js';
import type { LayerGraph } from './layer-graph.js';
import { mixerGraph } from './mixer-graph.js';

/** The layers of a network as it reads. Throws `weights-mismatch` where a weight is missing. */
export function graphOf(config: ModelConfig, weights: readonly NamedArray[]): LayerGraph {
  switch (config.type) {
    case 'crnn':
      return crnnGraph(config, weights);
    case 'fcnn-lstm':
      return fcnnLstmGraph(config, weights);
    case 'mixer':
      return mixerGraph(config, weights);
    case 'attention':
      return attentionGraph(config, weights);
  }
}
