import { contentIdOf } from '../../base/content-id.js';
import type { Encoding } from '../models/quantisation.js';
import type { LayerGraph } from './layer-graph.js';
import { IMAGES, imageShape, LOGITS, writeTfjsLayers } from './tfjs-layers.js';
import type { NewFunction } from './tfjs-loop.js';
import { functionJson, TfjsNodes, TfjsWeights } from './tfjs-model.js';

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
 * and attention's decoder are loops: it runs with `executeAsync`.
 */
export function tfjsFiles(
  graph: LayerGraph,
  encoding: Encoding,
  metadata: Record<string, unknown>,
): TfjsFiles {
  const weights = new TfjsWeights();
  const newFunction: NewFunction = (prefix) => new TfjsNodes(prefix, weights, encoding);
  const { nodes, functions } = writeTfjsLayers(graph, newFunction);
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
  return {
    inputs: port(IMAGES, imageShape(graph)),
    outputs: port(LOGITS, [-1, graph.steps ?? -1, graph.classes]),
  };
}

function shardsOf(bytes: Uint8Array): TfjsFiles['shards'] {
  const count = Math.max(1, Math.ceil(bytes.length / SHARD_BYTES));
  return Array.from({ length: count }, (_, index) => {
    const part = bytes.subarray(index * SHARD_BYTES, (index + 1) * SHARD_BYTES);
    // Named by content: weights that a browser has kept are never taken for another model's.
    return { name: `weights-${contentIdOf(part).slice(0, 12)}-${index + 1}of${count}.bin`, bytes: part };
  });
}
