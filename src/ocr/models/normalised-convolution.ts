import * as tf from '@tensorflow/tfjs-core';
import { conv2d } from '../nn/layers.js';
import { winogradPoints } from '../nn/panels.js';
import { BatchNorm } from './batch-norm.js';
import { masked } from './column-mask.js';
import { heNormal } from './initialise.js';
import type { VariableMaker } from './variables.js';

/** A filter with its normalisation. */
type Folded = {
  filter: tf.Tensor4D;
  bias: tf.Tensor1D;
  points: tf.Tensor | undefined;
};

/** A convolution, its normalisation, whose bias is the convolution's, and a rectifier. */
export class NormalisedConvolution {
  readonly #filter: tf.Variable<tf.Rank.R4>;
  readonly #norm: BatchNorm;
  readonly #fixed: () => Folded | undefined;

  /** `shape`: height and width of the filter, channels in, channels out. */
  constructor(
    store: VariableMaker,
    names: { filter: string; norm: string },
    shape: [number, number, number, number],
  ) {
    this.#filter = store.weight<tf.Rank.R4>(names.filter, shape, heNormal);
    this.#norm = new BatchNorm(store, names.norm, shape[3]);
    this.#fixed = store.derived(() => {
      const folded = this.#fold();
      return { ...folded, points: winogradPoints(folded.filter) };
    });
  }

  /** By the batch's own statistics; `columns` are those that each image fills. */
  train(x: tf.Tensor4D, columns: readonly number[]): tf.Tensor4D {
    return this.#norm.train(conv2d(x, this.#filter), columns);
  }

  /** The normalisation's moving averages are folded into the filter: one convolution is left. */
  read(x: tf.Tensor4D, mask: tf.Tensor4D | undefined): tf.Tensor4D {
    const { filter, bias, points } = this.#fixed() ?? this.#fold();
    return masked(conv2d(x, filter, { bias, points, activation: 'relu' }), mask);
  }

  #fold(): Folded {
    const { scale, shift } = this.#norm.asLinear();
    return { filter: tf.mul(this.#filter, scale), bias: shift, points: undefined };
  }
}
