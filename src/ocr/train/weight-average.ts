import * as tf from '@tensorflow/tfjs-core';
import { assign, type NamedArray, type VariableStore } from '../models/variables.js';

/**
 * An exponential moving average of all variables of a model (Polyak and Juditsky 1992; Tarvainen and Valpola 2017). It
 * often reads better than the last weights, and steadier.
 */
export class WeightAverage {
  readonly #variables: [string, tf.Variable][];
  readonly #average = new Map<string, tf.Variable>();
  readonly #keep: number;

  /** `keep` is the share of the average that each step keeps. */
  constructor(store: VariableStore, keep: number) {
    this.#keep = keep;
    this.#variables = store.all();
    for (const [name, source] of this.#variables) this.#average.set(name, copyOf(source));
  }

  /** Takes in the weights after `step`, counted from 0; early steps count more, for the first weights mean nothing. */
  update(step: number): void {
    const keep = Math.min(this.#keep, (1 + step) / (10 + step));
    tf.tidy(() => {
      for (const [name, source] of this.#variables) {
        const average = this.#average.get(name)!;
        average.assign(tf.add(tf.mul(average, keep), tf.mul(source, 1 - keep)));
      }
    });
  }

  /** Exchanges the model's weights and the average. */
  swap(): void {
    for (const [name, source] of this.#variables) {
      const average = this.#average.get(name)!;
      tf.tidy(() => {
        const current = tf.clone(source);
        source.assign(tf.clone(average));
        average.assign(current);
      });
    }
  }

  async read(): Promise<NamedArray[]> {
    return Promise.all(
      [...this.#average].map(async ([name, average]) => ({
        name,
        shape: average.shape,
        values: Float32Array.from(await average.data<'float32'>()),
      })),
    );
  }

  write(arrays: readonly NamedArray[]): void {
    for (const { name, values } of arrays) {
      const average = this.#average.get(name);
      if (average !== undefined) assign(average, values);
    }
  }

  dispose(): void {
    tf.dispose([...this.#average.values()]);
    this.#average.clear();
  }
}

function copyOf(source: tf.Variable): tf.Variable {
  return tf.tidy(() => tf.variable(tf.clone(source), false));
}
