import * as tf from '@tensorflow/tfjs-core';
import { ColumnEncoder } from './column-encoder.js';
import type { CrnnConfig } from './crnn-config.js';
import type { SequenceModel } from './ctc-network.js';
import { Dense } from './dense.js';
import { glorotUniform } from './initialise.js';
import type { ImageBatch } from './network.js';
import { Pass } from './pass.js';
import type { VariableMaker } from './variables.js';

/**
 * A convolutional recurrent network for lines of text (Shi, Bai and Yao 2015, "An End-to-End Trainable Neural Network
 * for Image-based Sequence Recognition"): VGG-style blocks with batch normalisation, each column's features as one time
 * step, bidirectional GRUs or LSTMs, and per step one logit a class, the last class being CTC's blank.
 */
export class Crnn implements SequenceModel {
  readonly #config: CrnnConfig;
  readonly #encoder: ColumnEncoder;
  readonly #output: Dense;

  /** `classes` counts the characters of the alphabet and the blank. */
  constructor(store: VariableMaker, config: CrnnConfig, classes: number) {
    this.#config = config;
    this.#encoder = new ColumnEncoder(store, config);
    this.#output = new Dense(store, 'output', [2 * config.units, classes], glorotUniform);
  }

  train(batch: ImageBatch, seed: number): tf.Tensor3D {
    return this.#forward(batch, new Pass(batch.images, { rate: this.#config.dropout, seed }));
  }

  read(batch: ImageBatch): tf.Tensor3D {
    return tf.tidy(() => this.#forward(batch, new Pass(batch.images)));
  }

  #forward(batch: ImageBatch, pass: Pass): tf.Tensor3D {
    const sequence = pass.drop(this.#encoder.apply(batch, pass));
    return pass.layer(sequence, (input: tf.Tensor3D) => this.#output.apply(input));
  }
}
