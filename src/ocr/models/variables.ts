import {
  keep,
  tensor,
  tidy,
  variable,
  type Rank,
  type ShapeMap,
  type Tensor,
  type TensorContainer,
  type Variable,
} from '@tensorflow/tfjs-core';
import { OcrpipeError } from '../../base/errors.js';
import { randomFrom, type Random } from '../../base/random.js';

/** The weights of one variable, away from any backend. Values are in row-major order of `shape`. */
export interface NamedArray {
  name: string;
  shape: readonly number[];
  values: Float32Array;
}

/** Fills `values`, the row-major array of a variable of `shape`, with its first values. */
export type Initialiser = (values: Float32Array, shape: readonly number[], random: Random) => void;

/** Where a network gets its variables from while it is built. */
export interface VariableMaker {
  /** A new trainable variable. */
  weight<R extends Rank>(name: string, shape: ShapeMap[R], initialise: Initialiser): Variable<R>;
  /** A new variable that no gradient reaches. */
  state<R extends Rank>(name: string, shape: ShapeMap[R], initialise: Initialiser): Variable<R>;
  /** What follows from variables alone: made once they are fixed (see `VariableStore.fix`), undefined while they may change. */
  derived<T extends DerivedTensors>(make: () => T): () => T | undefined;
}

/** Tensors by name, new ones each. */
type DerivedTensors = Readonly<Record<string, Tensor | undefined>>;

/** The name and shape of a variable. */
export type NamedShape = Omit<NamedArray, 'values'>;

/** Lists the variables of a network that is built with it, which must not be used: it makes none. */
export class VariableList implements VariableMaker {
  readonly shapes: NamedShape[] = [];

  weight<R extends Rank>(name: string, shape: ShapeMap[R]): Variable<R> {
    this.shapes.push({ name, shape });
    return undefined as unknown as Variable<R>;
  }

  state<R extends Rank>(name: string, shape: ShapeMap[R]): Variable<R> {
    return this.weight<R>(name, shape);
  }

  derived(): () => undefined {
    return () => undefined;
  }
}

/**
 * The variables of a model by name, in the order in which they were made. Trainable ones get gradients; the others
 * (moving averages) are state that a saved model needs as well.
 */
export class VariableStore implements VariableMaker {
  readonly #seed: number;
  readonly #trainable = new Map<string, Variable>();
  readonly #state = new Map<string, Variable>();
  readonly #derived = new Map<() => DerivedTensors, DerivedTensors>();
  #isFixed = false;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** A new trainable variable. Its first values depend on the seed and its name alone. */
  weight<R extends Rank>(name: string, shape: ShapeMap[R], initialise: Initialiser): Variable<R> {
    const made = this.#make<R>(name, shape, initialise);
    this.#trainable.set(name, made);
    return made;
  }

  /** A new variable that no gradient reaches. */
  state<R extends Rank>(name: string, shape: ShapeMap[R], initialise: Initialiser): Variable<R> {
    const made = this.#make<R>(name, shape, initialise);
    this.#state.set(name, made);
    return made;
  }

  derived<T extends DerivedTensors>(make: () => T): () => T | undefined {
    return () => {
      if (!this.#isFixed) return undefined;
      const known = this.#derived.get(make) as T | undefined;
      if (known !== undefined) return known;
      const made = tidy(make as () => TensorContainer) as T;
      // They outlive the pass that needed them first.
      for (const each of Object.values(made)) if (each) keep(each);
      this.#derived.set(make, made);
      return made;
    };
  }

  /** The weights stay as they are from now on, until `write`: what is derived from them is made once, for faster reading. */
  fix(): void {
    this.#isFixed = true;
  }

  #make<R extends Rank>(name: string, shape: ShapeMap[R], initialise: Initialiser): Variable<R> {
    if (this.#trainable.has(name) || this.#state.has(name)) {
      throw new OcrpipeError('internal', `two variables are named ${name}`);
    }
    const values = new Float32Array(shape.reduce((size, side) => size * side, 1));
    initialise(values, shape, randomFrom(this.#seed, 'weights', name));
    const initial = tensor<R>(values, shape, 'float32');
    const made = variable(initial);
    initial.dispose();
    return made;
  }

  get trainable(): ReadonlyMap<string, Variable> {
    return this.#trainable;
  }

  /** Every variable, trainable ones first. */
  all(): [string, Variable][] {
    return [...this.#trainable, ...this.#state];
  }

  /** Weights that training changes by gradients. */
  parameterCount(): number {
    return [...this.#trainable.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** Copies of all values. */
  async read(): Promise<NamedArray[]> {
    return Promise.all(
      this.all().map(async ([name, source]) => ({
        name,
        shape: source.shape,
        values: Float32Array.from(await source.data()),
      })),
    );
  }

  /** Overwrites every variable. Throws `weights-mismatch` when a name is missing or too many, or a shape differs. */
  write(arrays: readonly NamedArray[]): void {
    const all = this.all();
    checkFit(
      arrays,
      all.map(([name, { shape }]) => ({ name, shape })),
    );
    const byName = new Map(arrays.map((array) => [array.name, array]));
    this.#forgetDerived();
    for (const [name, target] of all) assign(target, byName.get(name)!.values);
  }

  #forgetDerived(): void {
    for (const made of this.#derived.values()) for (const each of Object.values(made)) each?.dispose();
    this.#derived.clear();
    this.#isFixed = false;
  }

  dispose(): void {
    this.#forgetDerived();
    for (const [, weights] of this.all()) weights.dispose();
    this.#trainable.clear();
    this.#state.clear();
  }
}

/** Replaces the value of `target`. */
export function assign(target: Variable, values: Float32Array): void {
  const next: Tensor = tensor(values, target.shape, 'float32');
  target.assign(next);
  next.dispose();
}

/** Throws `weights-mismatch` (exit code 1) unless weights have the names and shapes that a network needs, in any order. `file` is theirs. */
export function checkFit(arrays: readonly NamedShape[], needed: readonly NamedShape[], file?: string): void {
  const shapes = new Map(arrays.map(({ name, shape }) => [name, shapeText(shape)]));
  const misfit =
    needed.map(({ name, shape }) => misfitOf(name, shapes.get(name), shapeText(shape))).find(Boolean) ??
    surplus(arrays, needed);
  if (misfit === undefined) return;
  throw new OcrpipeError('weights-mismatch', file === undefined ? misfit : `${file}: ${misfit}`, {
    ...(file === undefined ? {} : { location: { file } }),
    hint: 'The weights belong to another configuration: get the folder again, or train again.',
  });
}

function misfitOf(name: string, found: string | undefined, needed: string): string | undefined {
  if (found === undefined) return `the weights lack ${name}`;
  return found === needed ? undefined : `the weights of ${name} are ${found}, the model needs ${needed}`;
}

function surplus(arrays: readonly NamedShape[], needed: readonly NamedShape[]): string | undefined {
  const names = new Set(needed.map(({ name }) => name));
  const other = arrays.find(({ name }) => !names.has(name));
  return other && `the weights hold ${other.name}, which the model does not have`;
}

function shapeText(shape: readonly number[]): string {
  return shape.join(' x ');
}
