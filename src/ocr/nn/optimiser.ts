import * as tf from '@tensorflow/tfjs-core';

/** Weights by name, and their gradients under the same names. */
export type NamedVariables = Readonly<Record<string, tf.Variable>>;
export type NamedGradients = Readonly<Record<string, tf.Tensor>>;

/** Tensors of a weight's shape that a rule remembers from step to step. */
export type Slots = Readonly<Record<string, tf.Variable>>;

/** What is the same for all weights in one step. */
export interface StepOfAll {
  /** Counts from 1. */
  step: number;
  learningRate: number;
  /** What gradients are to be multiplied with: their norm is limited. */
  gradientScale: number;
}

/** How weights move by their gradients. */
export interface UpdateRule {
  /** The names of what it remembers for each weight; all 0 at first. */
  readonly slots: readonly string[];
  /** Assigns to the weight and its slots; the gradient stays the caller's. */
  update(weight: tf.Variable, gradient: tf.Tensor, slots: Slots, at: StepOfAll): void;
}

/** Limits of gradients; none where absent. */
export interface Clipping {
  /** Every single value is cut off here first. */
  value?: number | undefined;
  /** Then all are scaled down together to this norm. */
  norm?: number | undefined;
}

/** The optimiser's memory as plain arrays, for checkpoints: by slot, then by the variables' names. */
export interface OptimiserState {
  step: number;
  slots: Record<string, Record<string, Float32Array>>;
}

/** Moves weights by a rule. */
export class Optimiser {
  readonly #rule: UpdateRule;
  readonly #clipping: Clipping;
  readonly #slots = new Map<string, Slots>();
  #step = 0;

  constructor(rule: UpdateRule, clipping: Clipping = {}) {
    this.#rule = rule;
    this.#clipping = clipping;
  }

  /**
   * Moves the variables by one step. The gradients stay the caller's. Variables without a gradient stay as they are.
   * @returns the norm of all gradients together, before any limit; if it is not finite, nothing has changed
   */
  async apply(variables: NamedVariables, gradients: NamedGradients, learningRate: number): Promise<number> {
    const norm = await normOf(gradients);
    if (!Number.isFinite(norm)) return norm;
    this.#step += 1;
    const { value } = this.#clipping;
    const limited = value === undefined ? gradients : cutOff(gradients, value);
    try {
      this.#update(variables, limited, learningRate, value === undefined ? norm : await normOf(limited));
    } finally {
      if (limited !== gradients) tf.dispose({ ...limited });
    }
    return norm;
  }

  #update(variables: NamedVariables, gradients: NamedGradients, learningRate: number, norm: number): void {
    const most = this.#clipping.norm ?? Infinity;
    const at = { step: this.#step, learningRate, gradientScale: norm > most ? most / norm : 1 };
    for (const [name, gradient] of Object.entries(gradients)) {
      const variable = variables[name];
      if (variable === undefined) throw new RangeError(`no variable is named ${name}`);
      this.#rule.update(variable, gradient, this.#slotsOf(name, variable), at);
    }
  }

  #slotsOf(name: string, variable: tf.Variable): Slots {
    const known = this.#slots.get(name);
    if (known !== undefined) return known;
    const zeros = (): tf.Variable => tf.tidy(() => tf.variable(tf.zeros(variable.shape), false));
    const made = Object.fromEntries(this.#rule.slots.map((slot) => [slot, zeros()]));
    this.#slots.set(name, made);
    return made;
  }

  /** A copy of the optimiser's memory. */
  async state(): Promise<OptimiserState> {
    const slots: OptimiserState['slots'] = Object.fromEntries(this.#rule.slots.map((slot) => [slot, {}]));
    for (const [name, own] of this.#slots)
      for (const [slot, values] of Object.entries(own)) slots[slot]![name] = await values.data<'float32'>();
    return { step: this.#step, slots };
  }

  /** Takes over a memory saved by `state`; the variables tell the shapes. */
  restore(state: OptimiserState, variables: NamedVariables): void {
    this.dispose();
    this.#step = state.step;
    for (const slot of this.#rule.slots) {
      for (const [name, values] of Object.entries(state.slots[slot] ?? {})) {
        const variable = variables[name];
        if (variable === undefined)
          throw new RangeError(`the saved optimiser knows ${name}, the model does not`);
        const saved = tf.tensor(values, variable.shape);
        this.#slotsOf(name, variable)[slot]!.assign(saved);
        saved.dispose();
      }
    }
  }

  /** Frees the tensors of the memory. */
  dispose(): void {
    for (const slots of this.#slots.values()) tf.dispose({ ...slots });
    this.#slots.clear();
  }
}

async function normOf(gradients: NamedGradients): Promise<number> {
  if (Object.keys(gradients).length === 0) return 0;
  const sum = tf.tidy(() => tf.addN(Object.values(gradients).map((gradient) => tf.sum(tf.square(gradient)))));
  try {
    return Math.sqrt((await sum.data<'float32'>())[0]!);
  } finally {
    sum.dispose();
  }
}

function cutOff(gradients: NamedGradients, most: number): NamedGradients {
  const cut = Object.entries(gradients).map(([name, gradient]) => [
    name,
    tf.clipByValue(gradient, -most, most),
  ]);
  return Object.fromEntries(cut) as NamedGradients;
}

/** How weights are drawn to 0: by the share learning rate · decay in each step, or by decay · weight in the gradient. */
export interface WeightDecay {
  amount: number;
  /** Decoupled (Loshchilov and Hutter 2019) or the gradient of a squared L2 norm. */
  mode: 'decoupled' | 'l2';
}

export const NO_DECAY: WeightDecay = { amount: 0, mode: 'decoupled' };

/** What is left of a weight in a step by decoupled decay. */
export function keptShare({ amount, mode }: WeightDecay, learningRate: number): number {
  return mode === 'decoupled' ? 1 - learningRate * amount : 1;
}

/** The gradient, limited, and with the part of the decay that goes into it; inside `tf.tidy`. */
export function fullGradient(
  gradient: tf.Tensor,
  weight: tf.Tensor,
  { decay, gradientScale }: { decay: WeightDecay; gradientScale: number },
): tf.Tensor {
  const scaled = gradientScale === 1 ? gradient : tf.mul(gradient, gradientScale);
  const isPart = decay.mode === 'l2' && decay.amount > 0;
  return isPart ? tf.add(scaled, tf.mul(weight, decay.amount)) : scaled;
}
