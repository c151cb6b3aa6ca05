import { floatBytes } from '../models/quantisation.js';
import type { TensorEncoding } from '../models/weights-file.js';
import type { NetworkWeight } from './layer-graph.js';
import { levelsOf, scalesOf, type WeightEntry } from './tfjs-weights.js';

/** The name of a value in the graph. */
export type Value = string;
export type DataType = 'DT_FLOAT' | 'DT_INT32' | 'DT_BOOL' | 'DT_VARIANT';

/** An attribute as a model.json holds it: the JSON form of TensorFlow's `AttrValue`. */
export type Attribute =
  | { type: DataType }
  | { b: boolean }
  | { i: string }
  | { f: number }
  | { s: string }
  | { func: { name: string } }
  | { list: { i: string[] } }
  | { shape: { dim: { size: string }[] } };
export type Attributes = Record<string, Attribute>;

interface Node {
  name: string;
  op: string;
  input: Value[];
  attr: Attributes;
}

/** The numbers of a graph that are no weights, such as axes and sizes, of all its functions: tfjs finds them by name, whichever function they are used in. */
export class TfjsNumbers {
  readonly entries: WeightEntry[] = [];
  readonly #bytes: Uint8Array[] = [];

  put(entry: WeightEntry, bytes: Uint8Array): void {
    this.entries.push(entry);
    this.#bytes.push(bytes);
  }

  bytes(): Buffer {
    return Buffer.concat(this.#bytes);
  }
}

/** Nodes of a TensorFlow graph, or of one of its functions, under construction. */
export class TfjsNodes {
  readonly nodes: Node[] = [];
  readonly #prefix: string;
  readonly #numbers: TfjsNumbers;
  readonly #encodings: ReadonlyMap<string, TensorEncoding>;
  readonly #constants = new Map<string, Value>();
  readonly #taken = new Map<string, number>();
  #scope = '';

  /** Names begin with `prefix`, which no other function of the model may use; weights are kept in these encodings, by name. */
  constructor(prefix: string, numbers: TfjsNumbers, encodings: ReadonlyMap<string, TensorEncoding>) {
    this.#prefix = prefix;
    this.#numbers = numbers;
    this.#encodings = encodings;
  }

  /** What names begin with from now on, besides the prefix: the layer that is being written. */
  set scope(layer: string) {
    this.#scope = `${layer}/`;
  }

  /** Adds an operator, and gives the name of its first result. */
  add(op: string, input: readonly Value[], attr: Attributes = {}): Value {
    return this.addNamed(this.#unique(`${this.#scope}${op}`), op, { input, attr });
  }

  #unique(word: string): string {
    const times = (this.#taken.get(word) ?? 0) + 1;
    this.#taken.set(word, times);
    return `${this.#prefix}${word}${times === 1 ? '' : `_${times}`}`;
  }

  addNamed(
    name: string,
    op: string,
    { input = [], attr = {} }: { input?: readonly Value[]; attr?: Attributes },
  ): Value {
    this.nodes.push({ name, op, input: [...input], attr });
    return name;
  }

  /** Whole numbers, 32 bits: a list, or one number without a shape. Equal ones are kept once. */
  integers(values: number | readonly number[]): Value {
    const key = JSON.stringify(values);
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const list = typeof values === 'number' ? [values] : values;
    const bytes = Buffer.alloc(4 * list.length);
    list.forEach((value, index) => bytes.writeInt32LE(value, 4 * index));
    const shape = typeof values === 'number' ? [] : [list.length];
    const word = `integers/${list.join('_') || 'none'}${shape.length === 0 ? '_alone' : ''}`;
    const name = this.#constant(word, { shape, dtype: 'int32' }, bytes);
    this.#constants.set(key, name);
    return name;
  }

  /** A number without a shape. */
  float(word: string, value: number): Value {
    const entry = { shape: [], dtype: 'float32' } as const;
    return this.#constant(`${this.#scope}${word}`, entry, floatBytes(Float32Array.of(value)));
  }

  /** A weight as 32-bit floats, however the file keeps it: a node of its own name, which the file of weights has. */
  weight({ name }: NetworkWeight): Value {
    const known = this.#constants.get(name);
    if (known !== undefined) return known;
    const isFactored = this.#encodings.get(name) === 'uint8';
    const value = isFactored
      ? this.add('Mul', [this.#kept(levelsOf(name)), this.#kept(scalesOf(name))])
      : this.#kept(name);
    this.#constants.set(name, value);
    return value;
  }

  #kept(name: string): Value {
    return this.addNamed(name, 'Const', { attr: { dtype: { type: 'DT_FLOAT' } } });
  }

  #constant(word: string, entry: Omit<WeightEntry, 'name'>, bytes: Uint8Array): Value {
    const name = this.#unique(word);
    this.#numbers.put({ name, ...entry }, bytes);
    const type = entry.dtype === 'float32' ? 'DT_FLOAT' : 'DT_INT32';
    return this.addNamed(name, 'Const', { attr: { dtype: { type } } });
  }
}

/** A function of the model's library, called by name: results are named nodes of its own. */
export interface TfjsFunction {
  name: string;
  inputs: readonly { name: string; type: DataType }[];
  outputs: readonly { name: string; type: DataType; node: Value }[];
  nodes: readonly Node[];
}

/** A function as a model.json holds it: TensorFlow's `FunctionDef`. */
export function functionJson({ name, inputs, outputs, nodes }: TfjsFunction): unknown {
  return {
    signature: {
      name,
      inputArg: inputs,
      outputArg: outputs.map(({ name: output, type }) => ({ name: output, type })),
    },
    nodeDef: nodes,
    ret: Object.fromEntries(outputs.map(({ name: output, node }) => [output, node])),
  };
}

export function listAttribute(values: readonly number[]): Attribute {
  return { list: { i: values.map(String) } };
}

/** Texts stand in base64 in a model.json. */
export function textAttribute(text: string): Attribute {
  return { s: Buffer.from(text).toString('base64') };
}

export function shapeAttribute(sides: readonly number[]): Attribute {
  return { shape: { dim: sides.map((side) => ({ size: String(side) })) } };
}
