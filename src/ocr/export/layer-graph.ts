import { userError } from '../../base/errors.js';
import type { NamedArray } from '../models/variables.js';

/** Values of one weight, row-major. */
export interface Weight {
  shape: readonly number[];
  values: Float32Array;
}

/** The result of a layer, to be the input of another. */
export type LayerRef = number;

/**
 * A layer of a network that only reads. Pictures are [batch, height, width, channels], sequences [batch, time, features];
 * `filled` columns and steps of an image are those that it has itself, the others fill the batch up to its widest image.
 */
export type Layer =
  /** The images of a batch, -1 black to 1 white, 0 in columns that only fill it up. */
  | { op: 'images'; height: number; channels: number }
  /** 3x3 or any other odd filter [height, width, in, out], stride 1, zeros around; bias [out]; then the rectifier. */
  | { op: 'conv2d'; input: LayerRef; filter: Weight; bias: Weight; relu: boolean }
  /** Zero in columns that no image has; a column covers `columnPx` pixels of the image. */
  | { op: 'maskColumns'; input: LayerRef; columnPx: number }
  /** Largest of each window; what does not fill one is dropped. */
  | { op: 'maxPool'; input: LayerRef; size: readonly [height: number, width: number] }
  /** Picture -> sequence: each column's rows one after the other, [height * channels] features a step. */
  | { op: 'columns'; input: LayerRef; features: number }
  /** kernel [in, out], bias [out], then the rectifier. */
  | { op: 'dense'; input: LayerRef; kernel: Weight; bias: Weight; relu: boolean }
  /** `bidirectionalGru` with its weights: reset, update, new; forward first. */
  | {
      op: 'gru';
      input: LayerRef;
      kernel: Weight;
      bias: Weight;
      recurrentKernel: Weight;
      recurrentBias: Weight;
    };

/** A network as a list of layers, each after its inputs; the last one gives the logits [batch, time, classes]. */
export interface LayerGraph {
  layers: readonly Layer[];
  /** Pixels of width of one time step. */
  stepPx: number;
  classes: number;
}

/** Collects layers. */
export class GraphBuilder {
  readonly layers: Layer[] = [];

  add(layer: Layer): LayerRef {
    return this.layers.push(layer) - 1;
  }
}

/** Looks weights up by the names that the network gave them. Throws `weights-mismatch` for one that is missing. */
export function weightFinder(arrays: readonly NamedArray[]): (name: string) => Weight {
  const byName = new Map(arrays.map((array) => [array.name, array]));
  return (name) => {
    const found = byName.get(name);
    if (found !== undefined) return found;
    throw userError('weights-mismatch', `the weights lack ${name}`, {
      hint: 'The file of weights belongs to another configuration: train again.',
    });
  };
}
