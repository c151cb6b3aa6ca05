import { contentIdOf } from '../../base/content-id.js';
import type { ModelDescription } from '../models/model-description.js';
import { tfjsNumbersFile } from '../models/model-files.js';
import type { LayerGraph } from './layer-graph.js';
import { IMAGES, imageShape, LOGITS, writeTfjsLayers } from './tfjs-layers.js';
import type { NewFunction } from './tfjs-loop.js';
import { functionJson, TfjsNodes, TfjsNumbers } from './tfjs-model.js';
import { weightEntries } from './tfjs-weights.js';

/** What stock TensorFlow.js needs besides the file of weights to load a model with `tf.loadGraphModel`. */
export interface TfjsFiles {
  /** `model.json`. */
  model: Record<string, unknown>;
  /** The file of the graph's own numbers, named by its content. */
  numbers: { name: string; bytes: Uint8Array };
}

/**
 * A network as a TensorFlow.js graph model over a file of weights. Input: `images` [batch, height, width, channels], -1 black to 1 white, width a
 * multiple of a time step, all images of the batch being that wide. Output: `logits` [batch, time, classes]. Recurrent layers
 * and attention's decoder are loops: it runs with `executeAsync`.
 */
export function tfjsFiles(
  graph: LayerGraph,
  { file, tensors }: Pick<ModelDescription['weights'], 'file' | 'tensors'>,
  metadata: Record<string, unknown>,
): TfjsFiles {
  const numbers = new TfjsNumbers();
  const encodings = new Map(tensors.map(({ name, encoding }) => [name, encoding]));
  const newFunction: NewFunction = (prefix) => new TfjsNodes(prefix, numbers, encodings);
  const { nodes, functions } = writeTfjsLayers(graph, newFunction);
  const bytes = numbers.bytes();
  const name = tfjsNumbersFile(contentIdOf(bytes));
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
    weightsManifest: [
      { paths: [file], weights: weightEntries(tensors) },
      { paths: [name], weights: numbers.entries },
    ],
  };
  return { model, numbers: { name, bytes } };
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
