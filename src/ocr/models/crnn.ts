import * as tf from '@tensorflow/tfjs-core';
import { conv2d, dense, dropout, maxPool2d } from '../nn/layers.js';
import { bidirectionalGru, type GruWeights } from '../nn/recurrent.js';
import { BatchNorm } from './batch-norm.js';
import { columnMask, masked } from './column-mask.js';
import { glorotUniform, heNormal, recurrentUniform, zeros } from './initialise.js';
import type { SequenceModel } from './ctc-network.js';
import { blockShapes, columnFeatures, type BlockShape, type CrnnConfig } from './crnn-config.js';
import type { ImageBatch } from './network.js';
import { VariableStore } from './variables.js';

/** A convolution and its normalisation; the bias is the normalisation's. */
interface NormalisedConvolution {
  filter: tf.Variable<tf.Rank.R4>;
  norm: BatchNorm;
}

interface Block {
  shape: BlockShape;
  convolutions: NormalisedConvolution[];
}

/**
 * A convolutional recurrent network for lines of text (Shi, Bai and Yao 2015, "An End-to-End Trainable Neural Network
 * for Image-based Sequence Recognition"): VGG-style blocks with batch normalisation, each column's features as one time
 * step, bidirectional GRUs, and per step one logit a class, the last class being CTC's blank.
 */
export class Crnn implements SequenceModel {
  readonly variables: VariableStore;
  readonly #config: CrnnConfig;
  readonly #blocks: Block[];
  readonly #inner: Dense;
  readonly #recurrent: GruWeights[];
  readonly #output: Dense;

  /** `classes` counts the characters of the alphabet and the blank. First weights depend on `seed` alone. */
  constructor(config: CrnnConfig, classes: number, seed: number) {
    const store = new VariableStore(seed);
    this.variables = store;
    this.#config = config;
    let channels: number = config.channels;
    this.#blocks = blockShapes(config).map((shape, index) => {
      const block = makeBlock(store, `block${index + 1}`, { shape, channels, config });
      channels = shape.filters;
      return block;
    });
    this.#inner = new Dense(store, 'inner', [columnFeatures(config), config.innerDim], heNormal);
    this.#recurrent = Array.from({ length: config.depth }, (_, layer) => {
      const features = layer === 0 ? config.innerDim : 2 * config.units;
      return makeGru(store, `gru${layer + 1}`, features, config.units);
    });
    this.#output = new Dense(store, 'output', [2 * config.units, classes], glorotUniform);
  }

  /**
   * Logits [batch, time, classes] for training: batch statistics, dropout drawn from `seed`. Time is width over
   * `widthStride`; what stands beyond an image's steps means nothing.
   */
  train(batch: ImageBatch, seed: number): tf.Tensor3D {
    return this.#forward(batch, { seed });
  }

  /** Logits [batch, time, classes] for reading: moving averages, no dropout. No image depends on its neighbours. */
  read(batch: ImageBatch): tf.Tensor3D {
    return tf.tidy(() => this.#forward(batch, undefined));
  }

  dispose(): void {
    this.variables.dispose();
  }

  #forward({ images, steps }: ImageBatch, training: { seed: number } | undefined): tf.Tensor3D {
    const stride = this.#config.widthStride;
    // Training keeps every tensor for the gradients; reading frees a layer's input as soon as the next stands.
    const layer = <T extends tf.Tensor>(input: T, apply: (of: T) => tf.Tensor): T =>
      (training ? apply(input) : replaced(input, apply, images)) as T;
    let x = images; // [batch, height, width, channels]
    for (const { shape, convolutions } of this.#blocks) {
      const filled = steps.map((count) => (count * stride) / shape.strideIn);
      const mask = training ? undefined : columnMask(filled, x.shape[2]);
      for (const convolution of convolutions)
        x = layer(x, (input) =>
          training ? trainConvolution(input, convolution, filled) : readConvolution(input, convolution, mask),
        );
      x = layer(x, (input) => pooled(input, shape)); // [batch, heightOut, width / strideOut, filters]
    }
    const [batch, height, time, filters] = x.shape;
    const columns = layer<tf.Tensor>(x, (input) =>
      tf.reshape(tf.transpose(input, [0, 2, 1, 3]), [batch, time, height * filters]),
    );
    let sequence = layer(columns, (input) => tf.relu(this.#inner.apply(input))); // [batch, time, innerDim]
    const lengths = steps.every((count) => count === time) ? undefined : steps;
    this.#recurrent.forEach((weights, place) => {
      sequence = this.#drop(sequence, training, place);
      // [batch, time, 2 * units]
      sequence = layer(sequence, (input) => bidirectionalGru(input as tf.Tensor3D, weights, lengths));
    });
    const last = this.#drop(sequence, training, this.#recurrent.length);
    return layer(last, (input) => this.#output.apply(input)) as tf.Tensor3D;
  }

  #drop(x: tf.Tensor, training: { seed: number } | undefined, place: number): tf.Tensor {
    return training ? dropout(x, this.#config.dropout, training.seed + place) : x;
  }
}

/** x · kernel + bias over the last axis. */
class Dense {
  readonly #kernel: tf.Variable<tf.Rank.R2>;
  readonly #bias: tf.Variable<tf.Rank.R1>;

  constructor(store: VariableStore, name: string, shape: [number, number], initialise: typeof heNormal) {
    this.#kernel = store.weight(`${name}/kernel`, shape, initialise);
    this.#bias = store.weight(`${name}/bias`, [shape[1]], zeros);
  }

  apply(x: tf.Tensor): tf.Tensor {
    return dense(x, this.#kernel, this.#bias);
  }
}

function makeBlock(
  store: VariableStore,
  name: string,
  { shape, channels, config }: { shape: BlockShape; channels: number; config: CrnnConfig },
): Block {
  const convolutions = Array.from({ length: config.convolutions }, (_, index) => {
    const inputs = index === 0 ? channels : shape.filters;
    return {
      filter: store.weight<tf.Rank.R4>(`${name}/filter${index + 1}`, [3, 3, inputs, shape.filters], heNormal),
      norm: new BatchNorm(store, `${name}/norm${index + 1}`, shape.filters),
    };
  });
  return { shape, convolutions };
}

function makeGru(store: VariableStore, name: string, features: number, units: number): GruWeights {
  const uniform = recurrentUniform(units);
  return {
    kernel: store.weight(`${name}/kernel`, [features, 6 * units], uniform),
    bias: store.weight(`${name}/bias`, [6 * units], uniform),
    recurrentKernel: store.weight(`${name}/recurrentKernel`, [2, units, 3 * units], uniform),
    recurrentBias: store.weight(`${name}/recurrentBias`, [2, 3 * units], uniform),
  };
}

function trainConvolution(
  x: tf.Tensor4D,
  { filter, norm }: NormalisedConvolution,
  columns: readonly number[],
): tf.Tensor4D {
  return norm.train(conv2d(x, filter), columns);
}

/** The normalisation's moving averages are folded into the filter: one convolution is left. */
function readConvolution(
  x: tf.Tensor4D,
  { filter, norm }: NormalisedConvolution,
  mask: tf.Tensor4D | undefined,
): tf.Tensor4D {
  const { scale, shift } = norm.asLinear();
  return masked(conv2d(x, tf.mul(filter, scale), { bias: shift, activation: 'relu' }), mask);
}

/** What `apply` makes of a tensor; all else that it made is freed, and the tensor itself unless it is the `kept` one. */
function replaced<T extends tf.Tensor>(input: T, apply: (of: T) => tf.Tensor, kept: tf.Tensor): tf.Tensor {
  const result = tf.tidy(() => apply(input));
  if (input.id !== result.id && input.id !== kept.id) input.dispose();
  return result;
}

function pooled(x: tf.Tensor4D, shape: BlockShape): tf.Tensor4D {
  const height = Math.floor(shape.heightIn / shape.heightOut);
  const width = shape.strideOut / shape.strideIn;
  return height === 1 && width === 1 ? x : maxPool2d(x, [height, width]);
}
