import * as tf from '@tensorflow/tfjs-core';

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

  /** Moves the variables by one step. The gradients stay the caller's. Variables without a gradient stay as they are. */
  apply(variables: NamedVariables, gradients: NamedGradients, learningRate: number): void {
    this.#step++;
    tf.tidy(() => {
      const scale = this.#clipScale(gradients);
      for (const [name, gradient] of Object.entries(gradients)) {
        const variable = variables[name];
        if (variable === undefined) throw new RangeError(`no variable is named ${name}`);
        const scaled = scale === undefined ? gradient : tf.mul(gradient, scale);
        this.#update(variable, this.#momentsOf(name, variable), scaled, learningRate);
      }
    });
  }

  #update(variable: tf.Variable, moments: Moments, gradient: tf.Tensor, learningRate: number): void {
    const { first, second } = moments;
    first.assign(tf.add(tf.mul(first, this.#beta1), tf.mul(gradient, 1 - this.#beta1)));
    second.assign(tf.add(tf.mul(second, this.#beta2), tf.mul(tf.square(gradient), 1 - this.#beta2)));
    const stepSize = learningRate / (1 - this.#beta1 ** this.#step);
    const rootScale = 1 / Math.sqrt(1 - this.#beta2 ** this.#step);
    const denominator = tf.add(tf.mul(tf.sqrt(second), rootScale), this.#epsilon);
    const kept = tf.mul(variable, 1 - learningRate * this.#weightDecay);
    variable.assign(tf.sub(kept, tf.mul(tf.div(first, denominator), stepSize)));
  }

  #clipScale(gradients: NamedGradients): tf.Tensor | undefined {
    if (this.#clipNorm === undefined) return undefined;
    const squares = Object.values(gradients).map((gradient) => tf.sum(tf.square(gradient)));
    const norm = tf.sqrt(tf.addN(squares));
    return tf.div(this.#clipNorm, tf.maximum(norm, this.#clipNorm));
  }

  #momentsOf(name: string, variable: tf.Variable): Moments {
    const known = this.#moments.get(name);
    if (known !== undefined) return known;
    const zeros = (): tf.Variable => tf.variable(tf.zeros(variable.shape), false);
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
        first: tf.variable(tf.tensor(values, shape), false),
        second: tf.variable(tf.tensor(second, shape), false),
      });
    }
  }

  /** Frees the tensors of the memory. */
  dispose(): void {
    for (const { first, second } of this.#moments.values()) tf.dispose([first, second]);
    this.#moments.clear();
  }
}
