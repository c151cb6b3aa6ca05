import { userError } from '../../base/errors.js';
import type { NamedArray } from '../models/variables.js';

/** Values of one weight, row-major. */
export interface Weight {
  shape: readonly number[];
  values: Float32Array;
}

/** A weight as the network has it, under the name that it has there and in a file of weights. */
export type NetworkWeight = Weight & { name: string };

/** The result of a layer, to be the input of another. */
export type LayerRef = number;

/** kernel [in, out], bias [out]. */
export interface DenseWeights {
  kernel: NetworkWeight;
  bias: NetworkWeight;
}

/** Normalisation by moving averages, each [channels]. */
export type NormWeights = Record<'gamma' | 'beta' | 'mean' | 'variance', NetworkWeight>;

/**
 * A layer of a network that only reads. Pictures are [batch, height, width, channels], sequences [batch, time, features];
 * `filled` columns and steps of an image are those that it has itself, the others fill the batch up to its widest image.
 */
export type Layer =
  /** The images of a batch, -1 black to 1 white, 0 in columns that only fill it up. All are `width` wide if there is one. */
  | { op: 'images'; height: number; width: number | undefined; channels: number }
  /** 3x3 or any other odd filter [height, width, in, out], stride 1, zeros around; normalisation if any; then the rectifier. */
  | { op: 'conv2d'; input: LayerRef; filter: NetworkWeight; norm: NormWeights | undefined; relu: boolean }
  /** One filter a channel, [height, width, channels, 1], stride 1, zeros around; then the rectifier. */
  | { op: 'depthwise'; input: LayerRef; filter: NetworkWeight; relu: boolean }
  /** Zero in columns that no image has; a column covers `columnPx` pixels of the image. */
  | { op: 'maskColumns'; input: LayerRef; columnPx: number }
  /** Largest of each window; what does not fill one is dropped. */
  | { op: 'maxPool'; input: LayerRef; size: readonly [height: number, width: number] }
  /** Picture -> sequence: each column's rows one after the other, [height * channels] features a step. */
  | { op: 'columns'; input: LayerRef; features: number }
  /** Picture -> sequence: the mean of each column's rows. */
  | { op: 'averageRows'; input: LayerRef }
  /** Sequence -> picture of one row. */
  | { op: 'asRow'; input: LayerRef }
  /** [batch, a, b] -> [batch, b, a]. */
  | { op: 'exchange'; input: LayerRef }
  /** The sum of two results of one shape. */
  | { op: 'add'; input: LayerRef; other: LayerRef }
  /** The rectifier comes last, if asked for. */
  | ({ op: 'dense'; input: LayerRef; relu: boolean } & DenseWeights)
  /** `layerNorm` over the last axis: gamma and beta [features]. */
  | { op: 'layerNorm'; input: LayerRef; gamma: NetworkWeight; beta: NetworkWeight; epsilon: number }
  /** `selfAttention`: query, key and value side by side in the kernel of `projections`. */
  | {
      op: 'selfAttention';
      input: LayerRef;
      heads: number;
      projections: DenseWeights;
      output: DenseWeights;
    }
  | GruLayer
  | LstmLayer
  | AttentionDecoderLayer;

/** `bidirectionalGru` with its weights: reset, update, new; forward first. */
export interface GruLayer {
  op: 'gru';
  input: LayerRef;
  kernel: NetworkWeight;
  bias: NetworkWeight;
  recurrentKernel: NetworkWeight;
  recurrentBias: NetworkWeight;
}

/** `lstm` with its weights: input, forget, candidate, output; forward first, or forward alone. */
export interface LstmLayer {
  op: 'lstm';
  input: LayerRef;
  kernel: NetworkWeight;
  bias: NetworkWeight;
  recurrentKernel: NetworkWeight;
}

/** Weights of `AttentionDecoder` by their names; `queryKernel`, `queryBias` and `v` are those of additive attention alone. */
export type DecoderWeights<T> = Record<
  | 'embedding'
  | 'startKernel'
  | 'startBias'
  | 'inputKernel'
  | 'inputBias'
  | 'recurrentKernel'
  | 'recurrentBias'
  | 'readoutKernel'
  | 'readoutBias'
  | 'outputKernel'
  | 'outputBias',
  T
> & { query?: Record<'kernel' | 'bias' | 'v', T> | undefined };

/**
 * `AttentionDecoder` reading greedily: `input` is the encoder's states, `keys` the same as what queries are compared with. Each
 * step is given the best class of the one before; it ends when every image has met the end of its text (the last class), or after
 * `mostSteps`. Gives logits [batch, steps, classes].
 */
export interface AttentionDecoderLayer {
  op: 'attentionDecoder';
  input: LayerRef;
  keys: LayerRef;
  weights: DecoderWeights<NetworkWeight>;
  mostSteps: number;
}

/** `name` is unique among the layers, and what other programs show. */
export type NamedLayer = Layer & { name: string };

/** A network as a list of layers, each after its inputs; the last one gives the logits [batch, time, classes]. */
export interface LayerGraph {
  layers: readonly NamedLayer[];
  /** Pixels of width of one time step; absent where all images are of one width. */
  stepPx: number | undefined;
  /** Time steps of every image; absent where its width decides, or its text. */
  steps?: number;
  classes: number;
}

/** Collects layers. */
export class GraphBuilder {
  readonly layers: NamedLayer[] = [];

  add(name: string, layer: Layer): LayerRef {
    return this.layers.push({ ...layer, name }) - 1;
  }
}

/** Weights by the names that the network gave them. */
export type FindWeight = (name: string) => NetworkWeight;

/** Throws `weights-mismatch` for a weight that is missing. */
export function weightFinder(arrays: readonly NamedArray[]): FindWeight {
  const byName = new Map(arrays.map((array) => [array.name, array]));
  return (name) => {
    const found = byName.get(name);
    if (found !== undefined) return found;
    throw userError('weights-mismatch', `the weights lack ${name}`, {
      hint: 'The file of weights belongs to another configuration: train again.',
    });
  };
}

export function denseWeights(find: FindWeight, name: string): DenseWeights {
  return { kernel: find(`${name}/kernel`), bias: find(`${name}/bias`) };
}

export function normWeights(find: FindWeight, name: string): NormWeights {
  const of = (part: string): NetworkWeight => find(`${name}/${part}`);
  return { gamma: of('gamma'), beta: of('beta'), mean: of('mean'), variance: of('variance') };
}
