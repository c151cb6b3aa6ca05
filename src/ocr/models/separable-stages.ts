import * as tf from '@tensorflow/tfjs-core';
import { conv2d, depthwiseConv2d } from '../nn/layers.js';
import { blockShapes, type BlockShape } from './block-shapes.js';
import { columnMask } from './column-mask.js';
import { pooled } from './convolution-blocks.js';
import { depthwiseNormal, glorotUniform } from './initialise.js';
import type { MixerConfig } from './mixer-config.js';
import { NormalisedConvolution } from './normalised-convolution.js';
import type { Pass } from './pass.js';
import type { VariableMaker } from './variables.js';

interface Stage {
  shape: BlockShape;
  entry: NormalisedConvolution;
  blocks: SeparableBlock[];
}

/** Stages of depthwise-separable residual blocks; the first begins with a 3x3 convolution, the others with a 1x1, and each ends with pooling. */
export class SeparableStages {
  readonly #stages: Stage[];

  constructor(store: VariableMaker, config: MixerConfig) {
    let inputs: number = config.channels;
    this.#stages = blockShapes(config).map((shape, index) => {
      const name = `stage${index + 1}`;
      const size = index === 0 ? 3 : 1;
      const names = { filter: `${name}/filter`, norm: `${name}/norm` };
      const entry = new NormalisedConvolution(store, names, [size, size, inputs, shape.filters]);
      inputs = shape.filters;
      const blocks = Array.from(
        { length: config.blocks[index]! },
        (_, place) => new SeparableBlock(store, `${name}/block${place + 1}`, shape.filters, config),
      );
      return { shape, entry, blocks };
    });
  }

  /**
   * [batch, height, width, channels] -> [batch, heightOut, columns, filters]. `columns`: those after the last stage that each
   * image fills; what stands beyond is 0 in all layers.
   */
  apply(images: tf.Tensor4D, columns: readonly number[], pass: Pass): tf.Tensor4D {
    const stride = this.#stages.at(-1)!.shape.strideOut;
    let x = images;
    for (const { shape, entry, blocks } of this.#stages) {
      const filled = columns.map((count) => (count * stride) / shape.strideIn);
      const mask = pass.isTraining ? undefined : columnMask(filled, x.shape[2]);
      x = pass.layer(x, (input: tf.Tensor4D) =>
        pass.isTraining ? entry.train(input, filled) : entry.read(input, mask),
      );
      for (const block of blocks)
        x = pass.layer(x, (input: tf.Tensor4D) => block.apply(input, pass.isTraining ? filled : mask));
      x = pass.layer(x, (input: tf.Tensor4D) => pooled(input, shape));
    }
    return x;
  }
}

/**
 * x + project(expand(depthwise(x))): each channel with its neighbours, then channels with one another. No bias stands behind the
 * normalisation, so that filled columns stay 0.
 */
class SeparableBlock {
  readonly #depthwise: tf.Variable<tf.Rank.R4>;
  readonly #expand: NormalisedConvolution;
  readonly #project: tf.Variable<tf.Rank.R4>;

  constructor(store: VariableMaker, name: string, filters: number, { kernelSize, expansion }: MixerConfig) {
    const inside = expansion * filters;
    const names = { filter: `${name}/expand`, norm: `${name}/norm` };
    this.#depthwise = store.weight(
      `${name}/depthwise`,
      [kernelSize, kernelSize, filters, 1],
      depthwiseNormal,
    );
    this.#expand = new NormalisedConvolution(store, names, [1, 1, filters, inside]);
    this.#project = store.weight(`${name}/project`, [1, 1, inside, filters], glorotUniform);
  }

  /** `filled`: while training the columns that each image fills, while reading their mask. */
  apply(x: tf.Tensor4D, filled: readonly number[] | tf.Tensor4D | undefined): tf.Tensor4D {
    const near = depthwiseConv2d(x, this.#depthwise);
    const inside = isCounts(filled) ? this.#expand.train(near, filled) : this.#expand.read(near, filled);
    return tf.add(x, conv2d(inside, this.#project));
  }
}

function isCounts(filled: readonly number[] | tf.Tensor4D | undefined): filled is readonly number[] {
  return Array.isArray(filled);
}
