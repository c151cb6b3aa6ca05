import type * as tf from '@tensorflow/tfjs-core';
import { dense } from '../nn/layers.js';
import { zeros } from './initialise.js';
import type { Initialiser, VariableMaker } from './variables.js';

/** x · kernel + bias over the last axis. */
export class Dense {
  readonly kernel: tf.Variable<tf.Rank.R2>;
  readonly bias: tf.Variable<tf.Rank.R1>;

  /** `shape`: features in, features out. */
  constructor(store: VariableMaker, name: string, shape: [number, number], initialise: Initialiser) {
    this.kernel = store.weight(`${name}/kernel`, shape, initialise);
    this.bias = store.weight(`${name}/bias`, [shape[1]], zeros);
  }

  apply<T extends tf.Tensor>(x: T): T {
    return dense(x, this.kernel, this.bias) as T;
  }
}
