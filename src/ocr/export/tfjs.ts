import { contentIdOf } from '../../base/content-id.js';
import type { Encoding } from '../models/quantisation.js';
import type { Layer, LayerGraph, Weight } from './layer-graph.js';
import { addGru, shapeOf, sideOf, type NewFunction } from './tfjs-gru.js';
import {
  functionJson,
  listAttribute,
  shapeAttribute,
  textAttribute,
  TfjsNodes,
  TfjsWeights,
  type TfjsFunction,
  type Value,
} from './tfjs-model.js';

const IMAGES = 'images';
const LOGITS = 'logits';
/** Bytes of one file of weights: browsers cache files of this size. */
const SHARD_BYTES = 4 * 2 ** 20;

/** The files of a model that stock TensorFlow.js loads with `tf.loadGraphModel`. */
export interface TfjsFiles {
  /** `model.json`. */
  model: Record<string, unknown>;
  shards: { name: string; bytes: Uint8Array }[];
}

/**
 * A network as a TensorFlow.js graph model. Input: `images` [batch, height, width, channels], -1 black to 1 white, width a
 * multiple of a time step, all images of the batch being that wide. Output: `logits` [batch, time, classes]. Recurrent layers
 * are loops: it runs with `executeAsync`.
 */
export function tfjsFiles(
  graph: LayerGraph,
  encoding: Encoding,
  metadata: Record<string, unknown>,
): TfjsFiles {
  const weights = new TfjsWeights();
  const newFunction: NewFunction = (prefix) => new TfjsNodes(prefix, weights, encoding);
  const { nodes, functions } = writeLayers(graph, newFunction);
  const shards = shardsOf(weights.bytes());
  const model = {
    format: 'graph-model',
    generatedBy: 'ocrpipe',
    convertedBy: null,
    signature: signatureOf(graph),
    userDefinedMetadata: metadata,
    modelTopology: {
      node: nodes.nodes,
      library: { function: functions.map(functionJson) },
      versions: { producer: 1 },
    },
    weightsManifest: [{ paths: shards.map(({ name }) => name), weights: weights.entries }],
  };
  return { model, shards };
}

function signatureOf(graph: LayerGraph): unknown {
  const port = (name: string, sides: readonly number[]): unknown => ({
    [name]: {
      name: `${name}:0`,
      dtype: 'DT_FLOAT',
      tensorShape: { dim: sides.map((side) => ({ size: String(side) })) },
    },
  });
  return { inputs: port(IMAGES, imageShape(graph)), outputs: port(LOGITS, [-1, -1, graph.classes]) };
}

function imageShape({ layers: [first] }: LayerGraph): number[] {
  if (first?.op !== 'images') throw new TypeError('a graph begins with its images');
  return [-1, first.height, -1, first.channels];
}

function shardsOf(bytes: Uint8Array): TfjsFiles['shards'] {
  const count = Math.max(1, Math.ceil(bytes.length / SHARD_BYTES));
  return Array.from({ length: count }, (_, index) => {
    const part = bytes.subarray(index * SHARD_BYTES, (index + 1) * SHARD_BYTES);
    // Named by content: weights that a browser has kept are never taken for another model's.
    return { name: `weights-${contentIdOf(part).slice(0, 12)}-${index + 1}of${count}.bin`, bytes: part };
  });
}

function writeLayers(
  graph: LayerGraph,
  newFunction: NewFunction,
): { nodes: TfjsNodes; functions: TfjsFunction[] } {
  const nodes = newFunction('');
  const functions: TfjsFunction[] = [];
  const values: Value[] = [];
  graph.layers.forEach((layer, index) => {
    if (layer.op === 'gru') {
      const input = values[layer.input]!;
      const made = addGru(nodes, { input, layer, name: `gru_${index}`, newFunction });
      functions.push(...made.functions);
      values.push(made.output);
    } else values.push(writeLayer(nodes, graph, { layer, values }));
  });
  nodes.addNamed(LOGITS, 'Identity', { input: [values.at(-1)!] });
  return { nodes, functions };
}

function writeLayer(
  nodes: TfjsNodes,
  graph: LayerGraph,
  { layer, values }: { layer: Exclude<Layer, { op: 'gru' }>; values: readonly Value[] },
): Value {
  if (layer.op === 'images') {
    const attr = { dtype: { type: 'DT_FLOAT' }, shape: shapeAttribute(imageShape(graph)) } as const;
    return nodes.addNamed(IMAGES, 'Placeholder', { attr });
  }
  const input = values[layer.input]!;
  switch (layer.op) {
    case 'conv2d':
      return convolution(nodes, input, layer);
    case 'maskColumns':
      // All images of a batch are equally wide.
      return input;
    case 'maxPool': {
      const window = listAttribute([1, ...layer.size, 1]);
      return nodes.add('MaxPool', [input], { ksize: window, strides: window, ...pictures('VALID') });
    }
    case 'columns':
      return columns(nodes, input, layer.features);
    case 'dense':
      return dense(nodes, input, layer);
  }
}

function pictures(padding: 'SAME' | 'VALID'): Record<string, { s: string }> {
  return { padding: textAttribute(padding), data_format: textAttribute('NHWC') } as Record<
    string,
    { s: string }
  >;
}

function rectified(nodes: TfjsNodes, value: Value, relu: boolean): Value {
  return relu ? nodes.add('Relu', [value]) : value;
}

function convolution(
  nodes: TfjsNodes,
  input: Value,
  { filter, bias, relu }: { filter: Weight; bias: Weight; relu: boolean },
): Value {
  const ones = listAttribute([1, 1, 1, 1]);
  const product = nodes.add('Conv2D', [input, nodes.weight(filter)], {
    strides: ones,
    dilations: ones,
    ...pictures('SAME'),
  });
  return rectified(nodes, nodes.add('AddV2', [product, nodes.exact(bias)]), relu);
}

function columns(nodes: TfjsNodes, input: Value, features: number): Value {
  const turned = nodes.add('Transpose', [input, nodes.integers([0, 2, 1, 3])]);
  const shape = shapeOf(nodes, [sideOf(nodes, turned, 0), sideOf(nodes, turned, 1), features]);
  return nodes.add('Reshape', [turned, shape]);
}

function dense(
  nodes: TfjsNodes,
  input: Value,
  { kernel, bias, relu }: { kernel: Weight; bias: Weight; relu: boolean },
): Value {
  const [features, units] = kernel.shape as [number, number];
  const shape = shapeOf(nodes, [sideOf(nodes, input, 0), sideOf(nodes, input, 1), units]);
  const flat = nodes.add('Reshape', [input, nodes.integers([-1, features])]);
  const product = nodes.add('MatMul', [flat, nodes.weight(kernel)]);
  const shifted = nodes.add('AddV2', [product, nodes.exact(bias)]);
  return nodes.add('Reshape', [rectified(nodes, shifted, relu), shape]);
}
