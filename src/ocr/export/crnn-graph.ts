import type { CrnnConfig } from '../models/crnn-config.js';
import type { NamedArray } from '../models/variables.js';
import { addColumnEncoder } from './encoder-layers.js';
import { denseWeights, GraphBuilder, weightFinder, type LayerGraph } from './layer-graph.js';

/** The layers of a `crnn` as it reads. */
export function crnnGraph(config: CrnnConfig, weights: readonly NamedArray[]): LayerGraph {
  const find = weightFinder(weights);
  const graph = new GraphBuilder();
  const input = addColumnEncoder({ graph, find }, config);
  const output = denseWeights(find, 'output');
  graph.add('output', { op: 'dense', input, ...output, relu: false });
  return { layers: graph.layers, stepPx: config.widthStride, classes: output.bias.values.length };
}
