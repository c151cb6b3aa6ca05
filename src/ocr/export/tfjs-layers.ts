import { BATCH_NORM_EPSILON } from '../models/batch-norm.js';
import type { DenseWeights, Layer, LayerGraph, NamedLayer } from './layer-graph.js';
import { addAttentionDecoder } from './tfjs-decoder.js';
import type { NewFunction } from './tfjs-loop.js';
import {
  listAttribute,
  shapeAttribute,
  textAttribute,
  type Attribute,
  type TfjsFunction,
  type TfjsNodes,
  type Value,
} from './tfjs-model.js';
import { addRecurrent } from './tfjs-recurrent.js';
import { denseSteps, shapeOf, sideOf } from './tfjs-shapes.js';

export const IMAGES = 'images';
export const LOGITS = 'logits';

/** Writes the layers of a network; the last one's result is named `logits`. Loops are functions of the model's library. */
export function writeTfjsLayers(
  graph: LayerGraph,
  newFunction: NewFunction,
): { nodes: TfjsNodes; functions: TfjsFunction[] } {
  const nodes = newFunction('');
  const functions: TfjsFunction[] = [];
  const values: Value[] = [];
  for (const layer of graph.layers) {
    nodes.scope = layer.name;
    const made = writeLayer(nodes, { graph, layer, values, newFunction });
    functions.push(...made.functions);
    values.push(made.output);
  }
  const last: Value = values.at(-1)!;
  nodes.addNamed(LOGITS, 'Identity', { input: [last] });
  return { nodes, functions };
}

/** The sides of `images`; -1 for those of any size. */
export function imageShape({ layers: [first] }: LayerGraph): number[] {
  if (first?.op !== 'images') throw new TypeError('a graph begins with its images');
  return [-1, first.height, first.width ?? -1, first.channels];
}

function writeLayer(
  nodes: TfjsNodes,
  {
    graph,
    layer,
    values,
    newFunction,
  }: { graph: LayerGraph; layer: NamedLayer; values: readonly Value[]; newFunction: NewFunction },
): { output: Value; functions: TfjsFunction[] } {
  const alone = (output: Value) => ({ output, functions: [] });
  if (layer.op === 'images') {
    const attr = { dtype: { type: 'DT_FLOAT' }, shape: shapeAttribute(imageShape(graph)) } as const;
    return alone(nodes.addNamed(IMAGES, 'Placeholder', { attr }));
  }
  const input = values[layer.input]!;
  const { name } = layer;
  switch (layer.op) {
    case 'gru':
    case 'lstm':
      return addRecurrent(nodes, input, { layer, name, newFunction });
    case 'attentionDecoder': {
      const encoded = { values: input, keys: values[layer.keys]! };
      return addAttentionDecoder(nodes, encoded, { layer, name, newFunction });
    }
    case 'add':
      return alone(nodes.add('AddV2', [input, values[layer.other]!]));
    default:
      return alone(writePlain(nodes, input, layer));
  }
}

type PlainLayer = Exclude<Layer, { op: 'images' | 'gru' | 'lstm' | 'attentionDecoder' | 'add' }>;

function writePlain(nodes: TfjsNodes, input: Value, layer: PlainLayer): Value {
  switch (layer.op) {
    case 'conv2d':
      return convolution(nodes, input, layer);
    case 'depthwise': {
      const filter = nodes.weight(layer.filter);
      return rectified(nodes, nodes.add('DepthwiseConv2dNative', [input, filter], SAME_SIZE), layer.relu);
    }
    case 'maskColumns':
      // All images of a batch are equally wide.
      return input;
    case 'maxPool': {
      const window = listAttribute([1, ...layer.size, 1]);
      return nodes.add('MaxPool', [input], { ksize: window, strides: window, ...pictures('VALID') });
    }
    case 'columns':
      return columns(nodes, input, layer.features);
    case 'averageRows':
      return nodes.add('Mean', [input, nodes.integers([1])]);
    case 'asRow':
      return nodes.add('ExpandDims', [input, nodes.integers(1)]);
    case 'exchange':
      return nodes.add('Transpose', [input, nodes.integers([0, 2, 1])]);
    case 'dense':
      return rectified(nodes, dense(nodes, input, layer), layer.relu);
    case 'layerNorm':
      return layerNorm(nodes, input, layer);
    case 'selfAttention':
      return selfAttention(nodes, input, layer);
  }
}

function pictures(padding: 'SAME' | 'VALID'): Record<'padding' | 'data_format', Attribute> {
  return { padding: textAttribute(padding), data_format: textAttribute('NHWC') };
}

const SAME_SIZE = {
  strides: listAttribute([1, 1, 1, 1]),
  dilations: listAttribute([1, 1, 1, 1]),
  ...pictures('SAME'),
};

function rectified(nodes: TfjsNodes, value: Value, relu: boolean): Value {
  return relu ? nodes.add('Relu', [value]) : value;
}

function convolution(
  nodes: TfjsNodes,
  input: Value,
  { filter, norm, relu }: Extract<Layer, { op: 'conv2d' }>,
): Value {
  const product = nodes.add('Conv2D', [input, nodes.weight(filter)], SAME_SIZE);
  if (norm === undefined) return rectified(nodes, product, relu);
  const averages = [norm.gamma, norm.beta, norm.mean, norm.variance].map((weight) => nodes.weight(weight));
  const normal = nodes.add('FusedBatchNormV3', [product, ...averages], {
    epsilon: { f: BATCH_NORM_EPSILON },
    is_training: { b: false },
    data_format: textAttribute('NHWC'),
  });
  return rectified(nodes, normal, relu);
}

function columns(nodes: TfjsNodes, input: Value, features: number): Value {
  const turned = nodes.add('Transpose', [input, nodes.integers([0, 2, 1, 3])]);
  const shape = shapeOf(nodes, [sideOf(nodes, turned, 0), sideOf(nodes, turned, 1), features]);
  return nodes.add('Reshape', [turned, shape]);
}

function dense(nodes: TfjsNodes, input: Value, { kernel, bias }: DenseWeights): Value {
  const [features, units] = kernel.shape as [number, number];
  return denseSteps(nodes, input, {
    kernel: nodes.weight(kernel),
    bias: nodes.weight(bias),
    features,
    units,
  });
}

function layerNorm(
  nodes: TfjsNodes,
  input: Value,
  { gamma, beta, epsilon }: Extract<Layer, { op: 'layerNorm' }>,
): Value {
  const mean = (x: Value): Value => nodes.add('Mean', [x, nodes.integers([2])], { keep_dims: { b: true } });
  const centred = nodes.add('Sub', [input, mean(input)]);
  const variance = mean(nodes.add('Mul', [centred, centred]));
  const scale = nodes.add('Rsqrt', [nodes.add('AddV2', [variance, nodes.float('epsilon', epsilon)])]);
  const normal = nodes.add('Mul', [nodes.add('Mul', [centred, scale]), nodes.weight(gamma)]);
  return nodes.add('AddV2', [normal, nodes.weight(beta)]);
}

/** `selfAttention` over [batch, time, features], every image filling all time steps. */
function selfAttention(
  nodes: TfjsNodes,
  input: Value,
  { heads, projections, output }: Extract<Layer, { op: 'selfAttention' }>,
): Value {
  const features = output.bias.values.length;
  const size = features / heads;
  const [batch, time] = [sideOf(nodes, input, 0), sideOf(nodes, input, 1)];
  const projected = dense(nodes, input, projections);
  const apart = nodes.add('Reshape', [projected, shapeOf(nodes, [batch, time, 3, heads, size])]);
  const parts = nodes.add('Transpose', [apart, nodes.integers([2, 0, 3, 1, 4])]); // [3, batch, heads, time, size]
  const [query, key, value] = [0, 1, 2].map((place) =>
    nodes.add('GatherV2', [parts, nodes.integers(place), nodes.integers(0)]),
  ) as [Value, Value, Value];
  const products = nodes.add('BatchMatMulV2', [query, key], { adj_y: { b: true } });
  const scores = nodes.add('Mul', [products, nodes.float('scale', 1 / Math.sqrt(size))]);
  const mixed = nodes.add('BatchMatMulV2', [nodes.add('Softmax', [scores]), value]);
  const byStep = nodes.add('Transpose', [mixed, nodes.integers([0, 2, 1, 3])]);
  const joined = nodes.add('Reshape', [byStep, shapeOf(nodes, [batch, time, features])]);
  return dense(nodes, joined, output);
}
