import * as tf from '@tensorflow/tfjs-core';
import { hiddenPlaces, selfAttention, type SelfAttentionWeights } from '../nn/attention.js';
import { layerNorm } from '../nn/layer-norm.js';
import { depthwiseConv2d } from '../nn/layers.js';
import { columnFeatures } from './block-shapes.js';
import { columnMask, masked } from './column-mask.js';
import { columnsAsSteps } from './convolution-blocks.js';
import type { SequenceModel } from './ctc-network.js';
import { Dense } from './dense.js';
import { depthwiseNormal, glorotUniform, heNormal, ones, zeros } from './initialise.js';
import type { MixerConfig } from './mixer-config.js';
import type { ImageBatch } from './network.js';
import { Pass } from './pass.js';
import { SeparableStages } from './separable-stages.js';
import type { VariableMaker } from './variables.js';

/**
 * A small network without recurrence for lines of text: residual blocks of depthwise-separable convolutions (Howard et al. 2017,
 * "MobileNets"; Liu et al. 2022, "A ConvNet for the 2020s"), each column's features as one time step, and layers that mix the
 * steps by convolution and by attention (Gulati et al. 2020, "Conformer"; Du et al. 2022, "SVTR"); per step one logit a class, the
 * last class being CTC's blank.
 */
export class Mixer implements SequenceModel {
  readonly #config: MixerConfig;
  readonly #stages: SeparableStages;
  readonly #inner: Dense;
  readonly #layers: MixingLayer[];
  readonly #norm: LayerNorm;
  readonly #output: Dense;

  /** `classes` counts the characters of the alphabet and the blank. */
  constructor(store: VariableMaker, config: MixerConfig, classes: number) {
    const { innerDim, depth } = config;
    this.#config = config;
    this.#stages = new SeparableStages(store, config);
    this.#inner = new Dense(store, 'inner', [columnFeatures(config), innerDim], heNormal);
    this.#layers = Array.from(
      { length: depth },
      (_, layer) => new MixingLayer(store, `mix${layer + 1}`, config),
    );
    this.#norm = new LayerNorm(store, 'norm', innerDim);
    this.#output = new Dense(store, 'output', [innerDim, classes], glorotUniform);
  }

  train(batch: ImageBatch, seed: number): tf.Tensor3D {
    return this.#forward(batch, new Pass(batch.images, { rate: this.#config.dropout, seed }));
  }

  read(batch: ImageBatch): tf.Tensor3D {
    return tf.tidy(() => this.#forward(batch, new Pass(batch.images)));
  }

  #forward({ images, steps }: ImageBatch, pass: Pass): tf.Tensor3D {
    const picture = this.#stages.apply(images, steps, pass); // [batch, rows, time, filters]
    const columns = pass.layer(picture, columnsAsSteps); // [batch, time, rows · filters]
    const inner = pass.layer(columns, (input: tf.Tensor3D) => this.#inner.apply(input)); // [batch, time, innerDim]
    const time = inner.shape[1];
    const places = { mask: columnMask(steps, time), hidden: hiddenPlaces(steps, time) };
    const mixed = this.#layers.reduce(
      (x, layer) => pass.layer(x, (input: tf.Tensor3D) => layer.apply(input, places, pass)),
      inner,
    );
    return pass.layer(mixed, (input: tf.Tensor3D) => this.#output.apply(pass.drop(this.#norm.apply(input))));
  }
}

/** Which time steps belong to an image; absent where all do. */
interface Places {
  /** [batch, 1, time, 1] */
  mask: tf.Tensor4D | undefined;
  /** See `hiddenPlaces`. */
  hidden: tf.Tensor2D | undefined;
}

class LayerNorm {
  readonly #gamma: tf.Variable<tf.Rank.R1>;
  readonly #beta: tf.Variable<tf.Rank.R1>;

  constructor(store: VariableMaker, name: string, features: number) {
    this.#gamma = store.weight(`${name}/gamma`, [features], ones);
    this.#beta = store.weight(`${name}/beta`, [features], zeros);
  }

  apply(x: tf.Tensor3D): tf.Tensor3D {
    return layerNorm(x, this.#gamma, this.#beta);
  }
}

/** Three residual parts: a convolution over neighbouring steps, attention over all of them, and two dense layers for each step alone. */
class MixingLayer {
  readonly #heads: number;
  readonly #norms: LayerNorm[];
  readonly #filter: tf.Variable<tf.Rank.R4>;
  readonly #mixed: Dense;
  readonly #attention: SelfAttentionWeights;
  readonly #wide: Dense;
  readonly #narrow: Dense;

  constructor(store: VariableMaker, name: string, { innerDim, heads, timeKernel, expansion }: MixerConfig) {
    this.#heads = heads;
    this.#norms = [1, 2, 3].map((place) => new LayerNorm(store, `${name}/norm${place}`, innerDim));
    this.#filter = store.weight(`${name}/filter`, [1, timeKernel, innerDim, 1], depthwiseNormal);
    this.#mixed = new Dense(store, `${name}/mixed`, [innerDim, innerDim], glorotUniform);
    const projections = new Dense(store, `${name}/projections`, [innerDim, 3 * innerDim], glorotUniform);
    const attended = new Dense(store, `${name}/attended`, [innerDim, innerDim], glorotUniform);
    this.#attention = {
      kernel: projections.kernel,
      bias: projections.bias,
      outputKernel: attended.kernel,
      outputBias: attended.bias,
    };
    this.#wide = new Dense(store, `${name}/wide`, [innerDim, expansion * innerDim], heNormal);
    this.#narrow = new Dense(store, `${name}/narrow`, [expansion * innerDim, innerDim], glorotUniform);
  }

  /** [batch, time, innerDim] -> the same shape. */
  apply(x: tf.Tensor3D, { mask, hidden }: Places, pass: Pass): tf.Tensor3D {
    const [first, second, third] = this.#norms as [LayerNorm, LayerNorm, LayerNorm];
    const near = tf.add<tf.Tensor3D>(x, pass.drop(this.#convolve(first.apply(x), mask)));
    const looked = selfAttention(second.apply(near), this.#attention, { heads: this.#heads, hidden });
    const far = tf.add<tf.Tensor3D>(near, pass.drop(looked));
    const inside = pass.drop(tf.relu(this.#wide.apply(third.apply(far))));
    return tf.add(far, pass.drop(this.#narrow.apply(inside)));
  }

  #convolve(x: tf.Tensor3D, mask: tf.Tensor4D | undefined): tf.Tensor3D {
    const row = masked(tf.expandDims<tf.Tensor4D>(x, 1), mask);
    const mixed = tf.relu(depthwiseConv2d(row, this.#filter));
    return this.#mixed.apply(tf.squeeze<tf.Tensor3D>(mixed, [1]));
  }
}
