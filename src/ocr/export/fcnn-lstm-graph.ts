import { widthPositions, type FcnnLstmConfig } from '../models/fcnn-lstm-config.js';
import type { NamedArray } from '../models/variables.js';
import { addBlocks, addRecurrent } from './encoder-layers.js';
import { denseWeights, GraphBuilder, weightFinder, type LayerGraph } from './layer-graph.js';

/** The layers of a `fcnn-lstm` as it reads: all images are of one width, and each is read in `outputLength` steps. */
export function fcnnLstmGraph(config: FcnnLstmConfig, weights: readonly NamedArray[]): LayerGraph {
  const { height, channels, widthStride, depth, outputLength: steps } = config;
  const find = weightFinder(weights);
  const graph = new GraphBuilder();
  const width = widthPositions(config) * widthStride;
  const images = graph.add('images', { op: 'images', height, width, channels });
  const picture = addBlocks({ graph, input: images, find }, config, { masked: false });
  const columns = graph.add('average', { op: 'averageRows', input: picture });
  const overWidth = graph.add('projection/over_width', { op: 'exchange', input: columns });
  const projection = denseWeights(find, 'projection');
  const projected = graph.add('projection', { op: 'dense', input: overWidth, ...projection, relu: false });
  const sequence = graph.add('projection/steps', { op: 'exchange', input: projected });
  const input = addRecurrent({ graph, input: sequence, find }, { cell: 'lstm', depth });
  const output = denseWeights(find, 'output');
  graph.add('output', { op: 'dense', input, ...output, relu: false });
  return { layers: graph.layers, stepPx: undefined, steps, classes: output.bias.values.length };
}
