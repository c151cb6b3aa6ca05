import type { AttentionConfig } from '../models/attention-config.js';
import type { NamedArray } from '../models/variables.js';
import { addColumnEncoder } from './encoder-layers.js';
import {
  denseWeights,
  GraphBuilder,
  weightFinder,
  type DecoderWeights,
  type FindWeight,
  type LayerGraph,
  type NetworkWeight,
} from './layer-graph.js';

/** The layers of an `attention` model as it reads greedily: the encoder, and its decoder's loop as one layer. */
export function attentionGraph(config: AttentionConfig, arrays: readonly NamedArray[]): LayerGraph {
  const find = weightFinder(arrays);
  const graph = new GraphBuilder();
  const input = addColumnEncoder({ graph, find }, config);
  const keyWeights = denseWeights(find, 'decoder/keys');
  const keys = graph.add('decoder/keys', { op: 'dense', input, ...keyWeights, relu: false });
  const weights = decoderWeights(find, config);
  // The end of a text of the greatest length takes a step too: see `BeamSearch`.
  const mostSteps = (config.maxLength ?? 1) + 1;
  graph.add('decoder', { op: 'attentionDecoder', input, keys, weights, mostSteps });
  return {
    layers: graph.layers,
    stepPx: config.widthStride,
    classes: weights.outputBias.values.length,
  };
}

function decoderWeights(find: FindWeight, { attention }: AttentionConfig): DecoderWeights<NetworkWeight> {
  const of = (name: string): NetworkWeight => find(`decoder/${name}`);
  return {
    embedding: of('embedding'),
    startKernel: of('start/kernel'),
    startBias: of('start/bias'),
    inputKernel: of('input/kernel'),
    inputBias: of('input/bias'),
    recurrentKernel: of('recurrent/kernel'),
    recurrentBias: of('recurrent/bias'),
    readoutKernel: of('readout/kernel'),
    readoutBias: of('readout/bias'),
    outputKernel: find('output/kernel'),
    outputBias: find('output/bias'),
    query:
      attention === 'bahdanau'
        ? { kernel: of('query/kernel'), bias: of('query/bias'), v: of('v') }
        : undefined,
  };
}
