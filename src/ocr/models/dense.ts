import type * as tf from '@tensorflow/tfjs-core';
import { dense } from '../nn/layers.js';
import { packMatrix } from '../nn/panels.js';
import { zeros } from './initialise.js';
import type { Initialiser, VariableMaker } from './variables.js';

/** x · kernel + bias over the last axis. */
export class Dense {
  readonly kernel: tf.Variable<tf.Rank.R2>;
  readonly bias: tf.Variable<tf.Rank.R1>;
  readonly #fixed: () => { panels: tf.Tensor | undefined } | undefined;

  /** `shape`: features in, features out. */
  constructor(store: VariableMaker, name: string, shape: [number, number], initialise: Initialiser) {
    this.kernel = store.weight(`${name}/kernel`, shape, initialise);
    this.bias = store.weight(`${name}/bias`, [shape[1]], zeros);
    this.#fixed = store.derived(() => ({ panels: packMatrix(this.kernel) }));
  }

  apply<T extends tf.Tensor>(x: T): T {
    return dense(x, this.kernel, { bias: this.bias, panels: this.#fixed()?.panels }) as T;
  }
}
