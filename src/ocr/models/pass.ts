import * as tf from '@tensorflow/tfjs-core';
import { dropout } from '../nn/layers.js';

/** One way of a batch through a network: for training, with dropout, or for reading, in little memory. */
export class Pass {
  readonly #training: { rate: number; seed: number } | undefined;
  readonly #kept: tf.Tensor;
  #drops = 0;

  /** `images` is the caller's: no layer frees it. `training` is absent for reading. */
  constructor(images: tf.Tensor, training?: { rate: number; seed: number }) {
    this.#kept = images;
    this.#training = training;
  }

  get isTraining(): boolean {
    return this.#training !== undefined;
  }

  /**
   * What `apply` makes of `input`. Training keeps every tensor for the gradients; reading frees all that `apply` made besides,
   * and its input: it must not be used again.
   */
  layer<T extends tf.Tensor>(input: tf.Tensor, apply: (of: never) => T): T {
    const of = input as never;
    if (this.isTraining) return apply(of);
    const result = tf.tidy(() => apply(of));
    if (input.id !== result.id && input.id !== this.#kept.id) input.dispose();
    return result;
  }

  /** Dropout, a new draw at each call; nothing while reading. */
  drop<T extends tf.Tensor>(x: T): T {
    if (this.#training === undefined) return x;
    const { rate, seed } = this.#training;
    return dropout(x, rate, seed + this.#drops++) as T;
  }
}
