import * as tf from '@tensorflow/tfjs-core';
import { ADAM } from './kernels/kernel-names.js';
import { hasKernel, runKernel } from './kernels/own-kernel.js';

export interface AdamOptions {
  beta1?: number | undefined;
  beta2?: number | undefined;
  epsilon?: number | undefined;
  /** Decoupled weight decay (Loshchilov and Hutter 2019), as a share of the learning rate; 0 unless given. */
  weightDecay?: number | undefined;
  /** Gradients are scaled down to this global norm; no limit when absent. */
  clipNorm?: number | undefined;
}

/** The optimiser's memory as plain arrays, for checkpoints; keys are the variables' names. */
export interface AdamState {
  step: number;
  first: Record<string, Float32Array>;
  second: Record<string, Float32Array>;
}

/** Weights by name, and their gradients under the same names. */
export type NamedVariables = Readonly<Record<string, tf.Variable>>;
export type NamedGradients = Readonly<Record<string, tf.Tensor>>;

interface Moments {
  first: tf.Variable;
  second: tf.Variable;
}

/** One step: weight = weight·keep − stepSize·m / (√v·rootScale + epsilon), with gradient·gradientScale. */
interface StepSettings extends Record<string, number> {
  beta1: number;
  beta2: number;
  stepSize: number;
  rootScale: number;
  epsilon: number;
  keep: number;
  gradientScale: number;
}

/** Adam (Kingma and Ba 2015) with bias correction as in PyTorch: lr · m̂ / (√v̂ + ε). */
export class Adam {
  readonly #beta1: number;
  readonly #beta2: number;
  readonly #epsilon: number;
  readonly #weightDecay: number;
  readonly #clipNorm: number | undefined;
  readonly #moments = new Map<string, Moments>();
  #step = 0;

  constructor(options: AdamOptions = {}) {
    this.#beta1 = options.beta1 ?? 0.9;
    this.#beta2 = options.beta2 ?? 0.999;
    this.#epsilon = options.epsilon ?? 1e-8;
    this.#weightDecay = options.weightDecay ?? 0;
    this.#clipNorm = options.clipNorm;
  }

  /**
   * Moves the variables by one step. The gradients stay the caller's. Variables without a gradient stay as they are.
   * @returns false, with nothing changed, if there is a `clipNorm` and the norm of the gradients is no finite number
   */
  apply(variables: NamedVariables, gradients: NamedGradients, learningRate: number): boolean {
    const gradientScale = this.#clipScale(gradients);
    if (gradientScale === undefined) return false;
    this.#step++;
    const settings = this.#settings(learningRate, gradientScale);
    const update = hasKernel(ADAM) ? updateInPlace : updateWithOps;
    for (const [name, gradient] of Object.entries(gradients)) {
      const variable = variables[name];
      if (variable === undefined) throw new RangeError(`no variable is named ${name}`);
      update(variable, gradient, this.#momentsOf(name, variable), settings);
    }
    return true;
  }

  #settings(learningRate: number, gradientScale: number): StepSettings {
    return {
      beta1: this.#beta1,
      beta2: this.#beta2,
      stepSize: learningRate / (1 - this.#beta1 ** this.#step),
      rootScale: 1 / Math.sqrt(1 - this.#beta2 ** this.#step),
      epsilon: this.#epsilon,
      keep: 1 - learningRate * this.#weightDecay,
      gradientScale,
    };
  }

  /** What all gradients are multiplied with so that their norm stays within the limit; undefined if it is not finite. */
  #clipScale(gradients: NamedGradients): number | undefined {
    if (this.#clipNorm === undefined) return 1;
    const norm = tf.tidy(() => {
      const squares = Object.values(gradients).map((gradient) => tf.sum(tf.square(gradient)));
      return Math.sqrt(tf.addN(squares).dataSync()[0]!);
    });
    if (!Number.isFinite(norm)) return undefined;
    return norm > this.#clipNorm ? this.#clipNorm / norm : 1;
  }

  #momentsOf(name: string, variable: tf.Variable): Moments {
    const known = this.#moments.get(name);
    if (known !== undefined) return known;
    const zeros = (): tf.Variable => tf.tidy(() => tf.variable(tf.zeros(variable.shape), false));
    const made = { first: zeros(), second: zeros() };
    this.#moments.set(name, made);
    return made;
  }

  /** A copy of the optimiser's memory. */
  async state(): Promise<AdamState> {
    const state: AdamState = { step: this.#step, first: {}, second: {} };
    for (const [name, { first, second }] of this.#moments) {
      state.first[name] = await first.data<'float32'>();
      state.second[name] = await second.data<'float32'>();
    }
    return state;
  }

  /** Takes over a memory saved by `state`; the variables tell the shapes. */
  restore(state: AdamState, variables: NamedVariables): void {
    this.dispose();
    this.#step = state.step;
    for (const [name, values] of Object.entries(state.first)) {
      const shape = variables[name]?.shape;
      const second = state.second[name];
      if (shape === undefined || second === undefined)
        throw new RangeError(`the saved optimiser knows ${name}, the model does not`);
      this.#moments.set(name, {
        first: tf.tidy(() => tf.variable(tf.tensor(values, shape), false)),
        second: tf.tidy(() => tf.variable(tf.tensor(second, shape), false)),
      });
    }
  }

  /** Frees the tensors of the memory. */
  dispose(): void {
    for (const { first, second } of this.#moments.values()) tf.dispose([first, second]);
    this.#moments.clear();
  }
}

/** Clones share a variable's values: whoever holds one must not see the update. */
function ownValues(weight: tf.Variable): void {
  tf.tidy(() => {
    weight.assign(tf.add(weight, 0));
  });
}

/** One pass over the memory of the variable and its moments. */
function updateInPlace(
  weight: tf.Variable,
  gradient: tf.Tensor,
  { first, second }: Moments,
  settings: StepSettings,
): void {
  if (tf.backend().refCount(weight.dataId) > 1) ownValues(weight);
  runKernel(ADAM, { weight, gradient, first, second }, settings);
}

function updateWithOps(
  weight: tf.Variable,
  gradient: tf.Tensor,
  { first, second }: Moments,
  settings: StepSettings,
): void {
  const { beta1, beta2, stepSize, rootScale, epsilon, keep, gradientScale } = settings;
  tf.tidy(() => {
    const scaled = gradientScale === 1 ? gradient : tf.mul(gradient, gradientScale);
    first.assign(tf.add(tf.mul(first, beta1), tf.mul(scaled, 1 - beta1)));
    second.assign(tf.add(tf.mul(second, beta2), tf.mul(tf.square(scaled), 1 - beta2)));
    const root = tf.add(tf.mul(tf.sqrt(second), rootScale), epsilon);
    const change = tf.div(tf.mul(first, stepSize), root);
    weight.assign(tf.sub(tf.mul(weight, keep), change));
  });
}
