import * as tf from '@tensorflow/tfjs-core';
import { maxPool2d } from '../nn/layers.js';
import type { BlockShape } from './block-shapes.js';
import { columnMask } from './column-mask.js';
import { NormalisedConvolution } from './normalised-convolution.js';
import type { Pass } from './pass.js';
import type { VariableMaker } from './variables.js';

interface Block {
  shape: BlockShape;
  convolutions: NormalisedConvolution[];
}

/** VGG-style blocks: 3x3 convolutions with batch normalisation and rectifier, then max pooling. */
export class ConvolutionBlocks {
  readonly #blocks: Block[];

  /** `convolutions` in each block; `channels` of the image. */
  constructor(
    store: VariableMaker,
    shapes: readonly BlockShape[],
    { channels, convolutions }: { channels: number; convolutions: number },
  ) {
    let inputs = channels;
    this.#blocks = shapes.map((shape, index) => {
      const names = Array.from({ length: convolutions }, (_, place) => place + 1);
      const made = names.map((place) => {
        const name = { filter: `block${index + 1}/filter${place}`, norm: `block${index + 1}/norm${place}` };
        const convolution = new NormalisedConvolution(store, name, [3, 3, inputs, shape.filters]);
        inputs = shape.filters;
        return convolution;
      });
      return { shape, convolutions: made };
    });
  }

  /**
   * [batch, height, width, channels] -> [batch, heightOut, columns, filters]. `columns`: those after the last block that each
   * image fills; what stands beyond is 0 in all layers.
   */
  apply(images: tf.Tensor4D, columns: readonly number[], pass: Pass): tf.Tensor4D {
    const stride = this.#blocks.at(-1)!.shape.strideOut;
    let x = images;
    for (const { shape, convolutions } of this.#blocks) {
      const filled = columns.map((count) => (count * stride) / shape.strideIn);
      const mask = pass.isTraining ? undefined : columnMask(filled, x.shape[2]);
      for (const convolution of convolutions)
        x = pass.layer(x, (input: tf.Tensor4D) =>
          pass.isTraining ? convolution.train(input, filled) : convolution.read(input, mask),
        );
      x = pass.layer(x, (input: tf.Tensor4D) => pooled(input, shape)); // [batch, heightOut, width / strideOut, filters]
    }
    return x;
  }
}

/** The pooling at the end of a block. */
export function pooled(x: tf.Tensor4D, shape: BlockShape): tf.Tensor4D {
  const height = Math.floor(shape.heightIn / shape.heightOut);
  const width = shape.strideOut / shape.strideIn;
  return height === 1 && width === 1 ? x : maxPool2d(x, [height, width]);
}

/** [batch, height, columns, filters] -> [batch, columns, height · filters]: each column's features as one time step. */
export function columnsAsSteps(x: tf.Tensor4D): tf.Tensor3D {
  const [batch, height, columns, filters] = x.shape;
  return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [batch, columns, height * filters]);
}
