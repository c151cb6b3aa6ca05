import * as tf from '@tensorflow/tfjs-core';
import { additiveScores, attend, hiddenPlaces, multiplicativeScores } from '../nn/attention.js';
import { gruCell } from '../nn/recurrent.js';
import type { AttentionConfig } from './attention-config.js';
import { Dense } from './dense.js';
import { glorotUniform, recurrentUniform } from './initialise.js';
import type { VariableMaker } from './variables.js';

/** What the decoder looks at. */
export type Encoded = {
  /** [batch, time, 2 · units]: the encoder's states. */
  values: tf.Tensor3D;
  /** [batch, time, decoderUnits]: the same as what queries are compared with. */
  keys: tf.Tensor3D;
  /** See `hiddenPlaces`; absent when every image fills all steps. */
  hidden: tf.Tensor2D | undefined;
};

/** What the decoder carries from one character to the next, each [batch, decoderUnits]. */
export type DecoderState = {
  state: tf.Tensor2D;
  readout: tf.Tensor2D;
};

/**
 * A GRU that writes one character after the other and looks at the encoder's columns before each. `bahdanau` looks with its
 * state before the character (Bahdanau, Cho and Bengio 2015), `luong` with the one after, and is given its readout back
 * (Luong, Pham and Manning 2015, with input feeding).
 */
export class AttentionDecoder {
  readonly #kind: AttentionConfig['attention'];
  readonly #keys: Dense;
  readonly #start: Dense;
  readonly #embedding: tf.Variable<tf.Rank.R2>;
  readonly #query: Dense | undefined;
  readonly #v: tf.Variable<tf.Rank.R1> | undefined;
  readonly #input: Dense;
  readonly #recurrent: Dense;
  readonly #readout: Dense;
  readonly #output: Dense;

  /** `classes` counts the characters of the alphabet and the end of the text. */
  constructor(store: VariableMaker, config: AttentionConfig, classes: number) {
    const { units, decoderUnits, embeddingDim } = config;
    const uniform = recurrentUniform(decoderUnits);
    const dense = (name: string, shape: [number, number]): Dense =>
      new Dense(store, `decoder/${name}`, shape, glorotUniform);
    const isAdditive = config.attention === 'bahdanau';
    this.#kind = config.attention;
    this.#keys = dense('keys', [2 * units, decoderUnits]);
    this.#start = dense('start', [units, decoderUnits]);
    // One row more: what stands before the first character.
    this.#embedding = store.weight('decoder/embedding', [classes + 1, embeddingDim], glorotUniform);
    if (isAdditive) {
      this.#query = dense('query', [decoderUnits, decoderUnits]);
      this.#v = store.weight('decoder/v', [decoderUnits], uniform);
    }
    const given = embeddingDim + (isAdditive ? 2 * units : decoderUnits);
    this.#input = new Dense(store, 'decoder/input', [given, 3 * decoderUnits], uniform);
    this.#recurrent = new Dense(store, 'decoder/recurrent', [decoderUnits, 3 * decoderUnits], uniform);
    const seen = decoderUnits + 2 * units + (isAdditive ? embeddingDim : 0);
    this.#readout = dense('readout', [seen, decoderUnits]);
    this.#output = new Dense(store, 'output', [decoderUnits, classes], glorotUniform);
  }

  /** `values` [batch, time, 2 · units], of which each item's first `lengths` count. */
  encode(values: tf.Tensor3D, lengths: readonly number[]): Encoded {
    return { values, keys: this.#keys.apply(values), hidden: hiddenPlaces(lengths, values.shape[1]) };
  }

  /** Before the first character: made from where the encoder's backward direction ends. */
  start({ values }: Encoded): DecoderState {
    const [batch, , features] = values.shape;
    const end = tf.reshape(tf.slice(values, [0, 0, features / 2], [-1, 1, -1]), [batch, features / 2]);
    const state = tf.tanh(this.#start.apply(end as tf.Tensor2D));
    return { state, readout: tf.zeros([batch, state.shape[1]]) };
  }

  /** One character on, given the one before as [batch, classes + 1], 1 at its class. */
  step(before: tf.Tensor2D, { state, readout }: DecoderState, encoded: Encoded): DecoderState {
    const character = tf.matMul<tf.Tensor2D>(before, this.#embedding);
    if (this.#kind === 'bahdanau') {
      const context = this.#look(state, encoded);
      const next = this.#move([character, context], state);
      return { state: next, readout: this.#seen([next, context, character]) };
    }
    const next = this.#move([character, readout], state);
    const context = this.#look(next, encoded);
    return { state: next, readout: this.#seen([next, context]) };
  }

  /** Readouts [.., decoderUnits] -> logits [.., classes]. */
  logits<T extends tf.Tensor>(readouts: T): T {
    return this.#output.apply(readouts);
  }

  #seen(parts: tf.Tensor2D[]): tf.Tensor2D {
    return tf.tanh(this.#readout.apply(tf.concat<tf.Tensor2D>(parts, 1)));
  }

  #move(given: tf.Tensor2D[], state: tf.Tensor2D): tf.Tensor2D {
    const input = this.#input.apply(tf.concat<tf.Tensor2D>(given, 1));
    return gruCell(input, this.#recurrent.apply(state), state);
  }

  #look(state: tf.Tensor2D, { keys, values, hidden }: Encoded): tf.Tensor2D {
    const scores =
      this.#query === undefined || this.#v === undefined
        ? multiplicativeScores(keys, state)
        : additiveScores(keys, this.#query.apply(state), this.#v);
    return attend(scores, values, hidden);
  }
}
