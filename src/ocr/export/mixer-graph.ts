import { blockShapes, columnFeatures } from '../models/block-shapes.js';
import type { MixerConfig } from '../models/mixer-config.js';
import type { NamedArray } from '../models/variables.js';
import { LAYER_NORM_EPSILON } from '../nn/layer-norm.js';
import { addPooling, type Building } from './encoder-layers.js';
import {
  denseWeights,
  GraphBuilder,
  normWeights,
  weightFinder,
  type LayerGraph,
  type LayerRef,
} from './layer-graph.js';

/** The layers of a `mixer` as it reads. */
export function mixerGraph(config: MixerConfig, weights: readonly NamedArray[]): LayerGraph {
  const { height, channels, depth, widthStride } = config;
  const find = weightFinder(weights);
  const graph = new GraphBuilder();
  const images = graph.add('images', { op: 'images', height, width: undefined, channels });
  const picture = addStages({ graph, input: images, find }, config);
  const columns = graph.add('columns', { op: 'columns', input: picture, features: columnFeatures(config) });
  let x = graph.add('inner', { op: 'dense', input: columns, ...denseWeights(find, 'inner'), relu: false });
  for (let layer = 1; layer <= depth; layer += 1)
    x = addMixingLayer({ graph, input: x, find }, `mix${layer}`, config);
  const input = addNorm({ graph, input: x, find }, 'norm');
  const output = denseWeights(find, 'output');
  graph.add('output', { op: 'dense', input, ...output, relu: false });
  return { layers: graph.layers, stepPx: widthStride, classes: output.bias.values.length };
}

/** `SeparableStages` as they read. */
function addStages({ graph, input, find }: Building, config: MixerConfig): LayerRef {
  let x = input;
  blockShapes(config).forEach((shape, index) => {
    const stage = `stage${index + 1}`;
    const columnPx = shape.strideIn;
    const entry = { filter: find(`${stage}/filter`), norm: normWeights(find, `${stage}/norm`) };
    x = graph.add(`${stage}/convolution`, { op: 'conv2d', input: x, ...entry, relu: true });
    x = graph.add(`${stage}/mask`, { op: 'maskColumns', input: x, columnPx });
    for (let place = 1; place <= config.blocks[index]!; place += 1)
      x = addSeparableBlock({ graph, input: x, find }, `${stage}/block${place}`, columnPx);
    x = addPooling(graph, x, { block: stage, shape });
  });
  return x;
}

/** x + project(expand(depthwise(x))). */
function addSeparableBlock({ graph, input, find }: Building, name: string, columnPx: number): LayerRef {
  const filter = find(`${name}/depthwise`);
  let x = graph.add(`${name}/depthwise`, { op: 'depthwise', input, filter, relu: false });
  const expand = { filter: find(`${name}/expand`), norm: normWeights(find, `${name}/norm`) };
  x = graph.add(`${name}/expand`, { op: 'conv2d', input: x, ...expand, relu: true });
  x = graph.add(`${name}/mask`, { op: 'maskColumns', input: x, columnPx });
  const project = { filter: find(`${name}/project`), norm: undefined, relu: false };
  x = graph.add(`${name}/project`, { op: 'conv2d', input: x, ...project });
  return graph.add(`${name}/sum`, { op: 'add', input, other: x });
}

/** `MixingLayer` as it reads: neighbouring steps, all steps, each step alone, and the sum with what came in each time. */
function addMixingLayer({ graph, input, find }: Building, name: string, config: MixerConfig): LayerRef {
  const dense = (from: LayerRef, part: string, relu: boolean): LayerRef =>
    graph.add(`${name}/${part}`, {
      op: 'dense',
      input: from,
      ...denseWeights(find, `${name}/${part}`),
      relu,
    });
  const sum = (other: LayerRef, place: number, of: LayerRef): LayerRef =>
    graph.add(`${name}/sum${place}`, { op: 'add', input: of, other });
  const norm = (place: number, of: LayerRef): LayerRef =>
    addNorm({ graph, input: of, find }, `${name}/norm${place}`);

  const near = sum(
    dense(addTimeConvolution({ graph, input: norm(1, input), find }, name, config), 'mixed', false),
    1,
    input,
  );
  const attended = graph.add(`${name}/attention`, {
    op: 'selfAttention',
    input: norm(2, near),
    heads: config.heads,
    projections: denseWeights(find, `${name}/projections`),
    output: denseWeights(find, `${name}/attended`),
  });
  const far = sum(attended, 2, near);
  return sum(dense(dense(norm(3, far), 'wide', true), 'narrow', false), 3, far);
}

/** A convolution of each feature over time, rectified. */
function addTimeConvolution(
  { graph, input, find }: Building,
  name: string,
  { widthStride, innerDim }: MixerConfig,
): LayerRef {
  const row = graph.add(`${name}/row`, { op: 'asRow', input });
  const masked = graph.add(`${name}/mask`, { op: 'maskColumns', input: row, columnPx: widthStride });
  const filter = find(`${name}/filter`);
  const mixed = graph.add(`${name}/convolution`, { op: 'depthwise', input: masked, filter, relu: true });
  return graph.add(`${name}/steps`, { op: 'columns', input: mixed, features: innerDim });
}

function addNorm({ graph, input, find }: Building, name: string): LayerRef {
  const weights = { gamma: find(`${name}/gamma`), beta: find(`${name}/beta`) };
  return graph.add(name, { op: 'layerNorm', input, ...weights, epsilon: LAYER_NORM_EPSILON });
}
