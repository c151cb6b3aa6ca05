import { setImmediate } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-core';
import { OcrpipeError } from '../../base/errors.js';
import { randomFrom } from '../../base/random.js';
import type { Optimiser, OptimiserState } from '../nn/optimiser.js';
import { toImageBatch, withBatchSize } from '../models/image-batch.js';
import type { PassOptions } from '../models/network.js';
import type { Recogniser } from '../models/recogniser.js';
import type { NamedArray } from '../models/variables.js';
import { batchImages } from './batch-images.js';
import { newOptimiser } from './new-optimiser.js';
import type { TrainConfig } from './train-config.js';
import type { BatchPart, TrainingBatch } from './training-batches.js';
import { WeightAverage } from './weight-average.js';

/** What one step showed. */
export interface StepResult {
  /** Mean over the batch of the loss a character, in nats. */
  loss: number;
  /** What the model read in the batch's images, before the step. */
  texts: string[];
  /** Length of all gradients together, before any limit. */
  gradientNorm: number;
}

/** Everything of a learner that the next step depends on. */
export interface LearnerState {
  weights: NamedArray[];
  average: NamedArray[];
  optimiser: OptimiserState;
}

/** What one part of a batch gives: tensors that the caller disposes of. */
interface PartGradients {
  value: tf.Scalar;
  /** By the names of the variables. */
  gradients: tf.NamedTensorMap;
  scores: tf.Tensor3D;
}

/** What a whole batch gives; the caller disposes of the gradients. */
interface BatchGradients extends Omit<StepResult, 'gradientNorm'> {
  gradients: tf.NamedTensorMap;
}

/** A recogniser while it learns: weights, optimiser, averaged weights. */
export class Learner {
  readonly model: Recogniser;
  readonly #config: TrainConfig;
  readonly #optimiser: Optimiser;
  readonly #average: WeightAverage | undefined;

  constructor(model: Recogniser, config: TrainConfig) {
    this.model = model;
    this.#config = config;
    this.#optimiser = newOptimiser(config);
    if (config.averaging > 0) this.#average = new WeightAverage(model.network.variables, config.averaging);
  }

  /**
   * Forward, loss, gradients, one move of the weights. Throws `loss-not-finite` before it would spoil them, and
   * `out-of-memory` (exit code 2), naming the size of the batch.
   */
  async step(batch: TrainingBatch, learningRate: number): Promise<StepResult> {
    const { loss, texts, gradients } = await this.#learnFrom(batch);
    try {
      if (!Number.isFinite(loss)) throw notFinite(batch, learningRate, 'loss');
      const trainable = Object.fromEntries(this.model.network.variables.trainable);
      const gradientNorm = await this.#optimiser.apply(trainable, gradients, learningRate);
      if (!Number.isFinite(gradientNorm)) throw notFinite(batch, learningRate, 'gradient');
      this.#average?.update(batch.step);
      return { loss, texts, gradientNorm };
    } finally {
      tf.dispose(gradients);
    }
  }

  /** Loss, readings and gradients of a batch: of its parts averaged, each with its share of the samples. */
  async #learnFrom(batch: TrainingBatch): Promise<BatchGradients> {
    const texts: string[] = [];
    let gradients: tf.NamedTensorMap = {};
    let loss = 0;
    try {
      for (const [index, part] of batch.parts.entries()) {
        // Computing alone never returns to the event loop, where signals and timers wait.
        if (index > 0) await setImmediate();
        const share = part.samples.length / batch.samples.length;
        const found = this.#gradients(part, this.#passOptions(batch.step, index));
        gradients = share === 1 ? found.gradients : addShare(gradients, found.gradients, share);
        const [partLoss, readings] = await this.#readOut(found, part);
        loss += share * partLoss;
        texts.push(...readings);
      }
    } catch (error) {
      tf.dispose(gradients);
      throw error;
    }
    return { loss, texts, gradients };
  }

  /** Loss and readings as plain values; their tensors are freed. */
  async #readOut({ value, scores }: PartGradients, part: BatchPart): Promise<[number, string[]]> {
    try {
      const [loss] = await value.data<'float32'>();
      const values = await scores.data<'float32'>();
      const { network, alphabet } = this.model;
      const readings = network.greedyReadings({ values, shape: scores.shape, steps: part.steps });
      return [loss!, readings.map(({ labels }) => alphabet.decode(labels))];
    } finally {
      tf.dispose([value, scores]);
    }
  }

  #passOptions(step: number, part: number): PassOptions {
    const place = part === 0 ? [step] : [step, part];
    const seed = randomFrom(this.#config.seed, 'dropout', ...place).uint32();
    return { step, seed, labelSmoothing: this.#config.labelSmoothing };
  }

  #gradients(part: BatchPart, options: PassOptions): PartGradients {
    const { network } = this.model;
    const { trainable } = network.variables;
    const input = toImageBatch(part);
    const labels = part.samples.map(({ label }) => label);
    let scores: tf.Tensor3D | undefined;
    try {
      const { value, grads } = tf.variableGrads(() => {
        const pass = network.trainingLoss(input, labels, options);
        scores = tf.keep(pass.scores);
        return pass.loss;
      }, [...trainable.values()]);
      const named = [...trainable].map(([name, weights]) => [name, grads[weights.name]!] as const);
      return { value, gradients: Object.fromEntries(named), scores: scores! };
    } catch (error) {
      scores?.dispose();
      throw withBatchSize(error, part);
    } finally {
      input.images.dispose();
    }
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
      optimiser: await this.#optimiser.state(),
    };
  }

  restore(state: LearnerState): void {
    this.model.network.variables.write(state.weights);
    this.#average?.write(state.average);
    this.#optimiser.restore(state.optimiser, Object.fromEntries(this.model.network.variables.trainable));
  }

  dispose(): void {
    this.#optimiser.dispose();
    this.#average?.dispose();
    this.model.network.dispose();
  }
}

/** `total` and the given share of `more`; both are disposed of. */
function addShare(total: tf.NamedTensorMap, more: tf.NamedTensorMap, share: number): tf.NamedTensorMap {
  const sums = tf.tidy(() => {
    const shares = Object.entries(more).map(([name, gradient]) => {
      const before = total[name];
      const part = tf.mul(gradient, share);
      return [name, before === undefined ? part : tf.add(before, part)] as const;
    });
    return Object.fromEntries(shares);
  });
  tf.dispose([more, total]);
  return sums;
}

function notFinite(batch: TrainingBatch, learningRate: number, what: 'loss' | 'gradient'): OcrpipeError {
  const code = 'loss-not-finite';
  const { named, problems } = batchImages(batch, code);
  return new OcrpipeError(
    code,
    `the ${what} is no longer a number at step ${batch.step + 1} (epoch ${batch.epoch + 1}, learning rate ` +
      `${learningRate.toPrecision(3)}, ${named})`,
    {
      problems,
      hint: "Training diverged: lower 'train.learningRate' or 'train.clipNorm', or raise 'train.warmupSteps'.",
    },
  );
}
