import * as tf from '@tensorflow/tfjs-core';
import { OcrpipeError } from '../../base/errors.js';
import { randomFrom } from '../../base/random.js';
import { Adam, type AdamState } from '../nn/adam.js';
import { ctcLoss } from '../nn/ctc-loss.js';
import { toImageBatch } from '../models/image-batch.js';
import type { Recogniser } from '../models/recogniser.js';
import type { NamedArray } from '../models/variables.js';
import { decodeLogits } from '../predict/recognise.js';
import type { TrainConfig } from './train-config.js';
import type { TrainingBatch } from './training-batches.js';
import { WeightAverage } from './weight-average.js';

/** What one step showed. */
export interface StepResult {
  /** Mean over the batch of CTC loss a character, in nats. */
  loss: number;
  /** What the model read in the batch's images, before the step. */
  texts: string[];
}

/** Everything of a learner that the next step depends on. */
export interface LearnerState {
  weights: NamedArray[];
  average: NamedArray[];
  optimiser: AdamState;
}

/** A recogniser while it learns: weights, optimiser, averaged weights. */
export class Learner {
  readonly model: Recogniser;
  readonly #config: TrainConfig;
  readonly #adam: Adam;
  readonly #average: WeightAverage | undefined;

  constructor(model: Recogniser, config: TrainConfig) {
    this.model = model;
    this.#config = config;
    this.#adam = new Adam({ weightDecay: config.weightDecay, clipNorm: config.clipNorm });
    if (config.averaging > 0) this.#average = new WeightAverage(model.network.variables, config.averaging);
  }

  /** Forward, loss, gradients, one move of the weights. Throws `loss-not-finite` before it would spoil them. */
  async step(batch: TrainingBatch, learningRate: number): Promise<StepResult> {
    const { network } = this.model;
    const trainable = Object.fromEntries(network.variables.trainable);
    const { value, grads, logits } = this.#gradients(batch);
    try {
      const [loss] = await value.data<'float32'>();
      if (!Number.isFinite(loss)) throw notFinite(batch, learningRate);
      const named = Object.entries(trainable).map(([name, weights]) => [name, grads[weights.name]!] as const);
      this.#adam.apply(trainable, Object.fromEntries(named), learningRate);
      this.#average?.update(batch.step);
      const readings = decodeLogits(this.model, await logits.data<'float32'>(), batch);
      return { loss: loss!, texts: readings.map(({ text }) => text) };
    } finally {
      tf.dispose([value, grads, logits]);
    }
  }

  #gradients(batch: TrainingBatch): { value: tf.Scalar; grads: tf.NamedTensorMap; logits: tf.Tensor } {
    const { network } = this.model;
    const seed = randomFrom(this.#config.seed, 'dropout', batch.step).uint32();
    const input = toImageBatch(batch);
    const kept: tf.Tensor[] = [];
    const { value, grads } = tf.variableGrads(() => {
      const logits = network.train(input, seed);
      kept.push(tf.keep(logits));
      const labels = batch.samples.map(({ label }) => label);
      return ctcLoss(logits, { labels, logitLengths: batch.steps }).loss as tf.Scalar;
    }, [...network.variables.trainable.values()]);
    input.images.dispose();
    return { value, grads, logits: kept[0]! };
  }

  /** Runs `use` with the weights that would be saved: the averaged ones, if there are any. */
  async withBestWeights<T>(use: () => Promise<T>): Promise<T> {
    this.#average?.swap();
    try {
      return await use();
    } finally {
      this.#average?.swap();
    }
  }

  async state(): Promise<LearnerState> {
    return {
      weights: await this.model.network.variables.read(),
      average: (await this.#average?.read()) ?? [],
      optimiser: await this.#adam.state(),
    };
  }

  restore(state: LearnerState): void {
    this.model.network.variables.write(state.weights);
    this.#average?.write(state.average);
    this.#adam.restore(state.optimiser, Object.fromEntries(this.model.network.variables.trainable));
  }

  dispose(): void {
    this.#adam.dispose();
    this.#average?.dispose();
    this.model.network.dispose();
  }
}

function notFinite(batch: TrainingBatch, learningRate: number): OcrpipeError {
  const names = batch.samples.slice(0, 3).map(({ name }) => name);
  return new OcrpipeError(
    'loss-not-finite',
    `the loss is no longer a number at step ${batch.step + 1} (epoch ${batch.epoch + 1}, learning rate ` +
      `${learningRate.toPrecision(3)}, images ${names.join(', ')}, …)`,
    {
      hint: "Training diverged: lower 'train.learningRate' or 'train.clipNorm', or raise 'train.warmupSteps'.",
    },
  );
}
