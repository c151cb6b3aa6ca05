import * as tf from '@tensorflow/tfjs-core';
import { averageColumns } from '../nn/layers.js';
import { blockShapes } from './block-shapes.js';
import { ConvolutionBlocks } from './convolution-blocks.js';
import type { SequenceModel } from './ctc-network.js';
import { Dense } from './dense.js';
import { widthPositions, type FcnnLstmConfig } from './fcnn-lstm-config.js';
import { glorotUniform, interpolation } from './initialise.js';
import type { ImageBatch } from './network.js';
import { Pass } from './pass.js';
import { RecurrentStack } from './recurrent-stack.js';
import type { VariableMaker } from './variables.js';

/**
 * A fully convolutional network with recurrent layers for pictures of one size: blocks of convolutions, the mean over the height,
 * a learnt map from the positions of the width to a fixed number of time steps (a 1x1 convolution with the width as its channels),
 * LSTMs, and per step one logit a class, the last class being CTC's blank.
 */
export class FcnnLstm implements SequenceModel {
  readonly #config: FcnnLstmConfig;
  readonly #blocks: ConvolutionBlocks;
  readonly #projection: Dense;
  readonly #recurrent: RecurrentStack;
  readonly #output: Dense;

  /** `classes` counts the characters of the alphabet and the blank. */
  constructor(store: VariableMaker, config: FcnnLstmConfig, classes: number) {
    const { units, depth, outputLength } = config;
    const directions = config.bidirectional ? 2 : 1;
    const features = config.filters.at(-1)!;
    this.#config = config;
    this.#blocks = new ConvolutionBlocks(store, blockShapes(config), config);
    this.#projection = new Dense(store, 'projection', [widthPositions(config), outputLength], interpolation);
    this.#recurrent = new RecurrentStack(store, { cell: 'lstm', features, units, depth, directions });
    this.#output = new Dense(store, 'output', [directions * units, classes], glorotUniform);
  }

  train(batch: ImageBatch, seed: number): tf.Tensor3D {
    return this.#forward(batch, new Pass(batch.images, { rate: this.#config.dropout, seed }));
  }

  read(batch: ImageBatch): tf.Tensor3D {
    return tf.tidy(() => this.#forward(batch, new Pass(batch.images)));
  }

  #forward({ images, steps }: ImageBatch, pass: Pass): tf.Tensor3D {
    const positions = steps.map(() => widthPositions(this.#config));
    const picture = this.#blocks.apply(images, positions, pass); // [batch, rows, positions, filters]
    const columns = pass.layer(picture, averageColumns); // [batch, positions, filters]
    const projected = pass.layer(columns, (input: tf.Tensor3D) => this.#project(input));
    const sequence = pass.drop(this.#recurrent.apply(projected, undefined, pass));
    return pass.layer(sequence, (input: tf.Tensor3D) => this.#output.apply(input));
  }

  /** [batch, positions, filters] -> [batch, outputLength, filters] */
  #project(columns: tf.Tensor3D): tf.Tensor3D {
    const overWidth = tf.transpose(columns, [0, 2, 1]);
    return tf.transpose(this.#projection.apply(overWidth), [0, 2, 1]);
  }
}
