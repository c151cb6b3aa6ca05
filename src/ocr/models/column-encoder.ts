import * as tf from '@tensorflow/tfjs-core';
import { blockShapes, columnFeatures } from './block-shapes.js';
import { ConvolutionBlocks, columnsAsSteps } from './convolution-blocks.js';
import type { CrnnConfig } from './crnn-config.js';
import { Dense } from './dense.js';
import { heNormal } from './initialise.js';
import type { ImageBatch } from './network.js';
import type { Pass } from './pass.js';
import { RecurrentStack } from './recurrent-stack.js';
import type { VariableMaker } from './variables.js';

/**
 * From an image to a sequence: blocks of convolutions, each column's features as one time step, bidirectional recurrent layers.
 */
export class ColumnEncoder {
  readonly #blocks: ConvolutionBlocks;
  readonly #inner: Dense;
  readonly #recurrent: RecurrentStack;

  constructor(store: VariableMaker, config: Omit<CrnnConfig, 'type'>) {
    const { innerDim, cell, units, depth } = config;
    this.#blocks = new ConvolutionBlocks(store, blockShapes(config), config);
    this.#inner = new Dense(store, 'inner', [columnFeatures(config), innerDim], heNormal);
    this.#recurrent = new RecurrentStack(store, { cell, features: innerDim, units, depth, directions: 2 });
  }

  /** [batch, time, 2 · units]; time is width over `widthStride`, and what stands beyond an image's steps is 0. */
  apply({ images, steps }: ImageBatch, pass: Pass): tf.Tensor3D {
    const picture = this.#blocks.apply(images, steps, pass); // [batch, rows, time, filters]
    const columns = pass.layer(picture, columnsAsSteps); // [batch, time, rows · filters]
    const inner = pass.layer(columns, (input: tf.Tensor3D) => tf.relu(this.#inner.apply(input)));
    const lengths = steps.every((count) => count === inner.shape[1]) ? undefined : steps;
    return this.#recurrent.apply(inner, lengths, pass);
  }
}
