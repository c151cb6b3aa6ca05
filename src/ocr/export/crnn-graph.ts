import { blockShapes, columnFeatures } from '../models/block-shapes.js';
import type { CrnnConfig } from '../models/crnn-config.js';
import { BATCH_NORM_EPSILON } from '../models/batch-norm.js';
import type { NamedArray } from '../models/variables.js';
import { GraphBuilder, weightFinder, type LayerGraph, type LayerRef, type Weight } from './layer-graph.js';

type Find = (name: string) => Weight;

/** The layers of a `crnn` as it reads: normalisation folded into the convolutions, dropout gone. */
export function crnnGraph(config: CrnnConfig, weights: readonly NamedArray[]): LayerGraph {
  const find = weightFinder(weights);
  const graph = new GraphBuilder();
  let x = graph.add({ op: 'images', height: config.height, channels: config.channels });
  x = addBlocks(graph, { input: x, config, find });
  x = graph.add({ op: 'columns', input: x, features: columnFeatures(config) });
  x = graph.add({ op: 'dense', input: x, ...dense(find, 'inner'), relu: true });
  for (let layer = 1; layer <= config.depth; layer += 1) {
    const of = (name: string): Weight => find(`gru${layer}/${name}`);
    x = graph.add({
      op: 'gru',
      input: x,
      kernel: of('kernel'),
      bias: of('bias'),
      recurrentKernel: of('recurrentKernel'),
      recurrentBias: of('recurrentBias'),
    });
  }
  const output = dense(find, 'output');
  graph.add({ op: 'dense', input: x, ...output, relu: false });
  return { layers: graph.layers, stepPx: config.widthStride, classes: output.bias.values.length };
}

function addBlocks(
  graph: GraphBuilder,
  { input, config, find }: { input: LayerRef; config: CrnnConfig; find: Find },
): LayerRef {
  let x = input;
  blockShapes(config).forEach((shape, index) => {
    for (let place = 1; place <= config.convolutions; place += 1) {
      const { filter, bias } = foldedConvolution(find, `block${index + 1}`, place);
      x = graph.add({ op: 'conv2d', input: x, filter, bias, relu: true });
      x = graph.add({ op: 'maskColumns', input: x, columnPx: shape.strideIn });
    }
    const size = [Math.floor(shape.heightIn / shape.heightOut), shape.strideOut / shape.strideIn] as const;
    if (size[0] * size[1] > 1) x = graph.add({ op: 'maxPool', input: x, size });
  });
  return x;
}

function dense(find: Find, name: string): { kernel: Weight; bias: Weight } {
  return { kernel: find(`${name}/kernel`), bias: find(`${name}/bias`) };
}

/** A convolution and the linear map of its normalisation's moving averages, as one. */
function foldedConvolution(find: Find, block: string, place: number): { filter: Weight; bias: Weight } {
  const filter = find(`${block}/filter${place}`);
  const [gamma, beta, mean, variance] = ['gamma', 'beta', 'mean', 'variance'].map(
    (name) => find(`${block}/norm${place}/${name}`).values,
  ) as [Float32Array, Float32Array, Float32Array, Float32Array];
  const scale = gamma.map((value, channel) => value / Math.sqrt(variance[channel]! + BATCH_NORM_EPSILON));
  const bias = beta.map((value, channel) => value - mean[channel]! * scale[channel]!);
  const values = filter.values.map((value, index) => value * scale[index % scale.length]!);
  return { filter: { shape: filter.shape, values }, bias: { shape: [bias.length], values: bias } };
}
