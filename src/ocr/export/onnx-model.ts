import { bytesField, floatField, intField, messageField, textField } from '../../base/protobuf.js';
import { encodingFor, floatBytes, halfBytes, toInt8, type Encoding } from '../models/quantisation.js';
import type { Weight } from './layer-graph.js';

/** The name of a value in the graph. */
export type Value = string;
/** A `{ float }` is one, whole or not; a graph is the body of a loop. */
export type Attributes = Record<string, number | string | readonly number[] | { float: number } | OnnxBody>;

/** Numbers of `TensorProto.DataType`. */
export const DATA_TYPES = { float32: 1, int8: 3, int32: 6, int64: 7, bool: 9, float16: 10 } as const;
/** Numbers of `AttributeProto.AttributeType`. */
const ATTRIBUTE_TYPES = { float: 1, int: 2, string: 3, graph: 5, ints: 7 } as const;

/** The operators that every runtime of the last years knows, and the file version that goes with them. */
const OPSET = 17;
const IR_VERSION = 8;

/** An input or output: sides are numbers, or names where any size will do. */
export interface Port {
  name: Value;
  type: keyof typeof DATA_TYPES;
  shape: readonly (number | string)[];
  /** What it holds, in words. */
  about?: string;
}

/** Makes names of values that nothing else in the model has. */
class Names {
  readonly #taken = new Map<string, number>();

  /** `wanted`, or with a number behind it if that is taken. */
  unique(wanted: string): string {
    const times = (this.#taken.get(wanted) ?? 0) + 1;
    this.#taken.set(wanted, times);
    return times === 1 ? wanted : this.unique(`${wanted}_${times}`);
  }
}

/** Nodes of a graph under construction. Nodes must be added after those whose values they take. */
export class OnnxNodes {
  protected readonly names: Names;
  readonly nodes: Uint8Array[] = [];
  #scope = '';

  constructor(names: Names) {
    this.names = names;
  }

  /** What names begin with from now on: the layer that is being written. */
  set scope(layer: string) {
    this.#scope = `${layer}/`;
  }

  /** Adds an operator with one result, and gives the result's name; an input left out is ''. */
  add(operator: string, inputs: readonly Value[], attributes: Attributes = {}): Value {
    return this.addMany(operator, inputs, { attributes, results: [''] })[0]!;
  }

  /** The same with several results, each named by a word; unnamed ones by the operator. */
  addMany(
    operator: string,
    inputs: readonly Value[],
    { attributes = {}, results }: { attributes?: Attributes; results: readonly string[] },
  ): Value[] {
    const name = this.named(operator);
    const outputs = results.map((result) => (result === '' ? name : this.named(`${operator}_${result}`)));
    this.#write({ name, operator, inputs, outputs, attributes });
    return outputs;
  }

  /** The result has this very name. */
  addNamed(output: Value, operator: string, inputs: readonly Value[]): Value {
    this.#write({ name: output, operator, inputs, outputs: [output], attributes: {} });
    return output;
  }

  protected named(word: string): Value {
    return this.names.unique(`${this.#scope}${word}`);
  }

  #write(node: {
    name: string;
    operator: string;
    inputs: readonly Value[];
    outputs: readonly Value[];
    attributes: Attributes;
  }): void {
    const fields = [
      ...node.inputs.map((input) => textField(1, input)),
      ...node.outputs.map((output) => textField(2, output)),
      textField(3, node.name),
      textField(4, node.operator),
      ...Object.entries(node.attributes).map(([name, value]) => messageField(5, attribute(name, value))),
    ];
    this.nodes.push(messageField(1, fields));
  }
}

/** The body of a loop: it may use all values of the graph around it. */
export class OnnxBody extends OnnxNodes {
  #ports: { inputs: readonly Port[]; outputs: readonly Port[] } = { inputs: [], outputs: [] };

  /** An input's or output's name, not met anywhere else. */
  port(word: string): Value {
    return this.named(word);
  }

  finish(ports: { inputs: readonly Port[]; outputs: readonly Port[] }): this {
    this.#ports = ports;
    return this;
  }

  toFields(): Uint8Array[] {
    return graphFields(this.nodes, 'body', this.#ports);
  }
}

/** An ONNX model under construction, written as `ModelProto` of onnx.proto. */
export class OnnxModel extends OnnxNodes {
  readonly #encoding: Encoding;
  readonly #initializers: Uint8Array[] = [];
  readonly #constants = new Map<string, Value>();

  /** `encoding`: how weights are kept in the file; the model turns them to 32-bit floats when it is run. */
  constructor(encoding: Encoding) {
    super(new Names());
    this.#encoding = encoding;
  }

  /** The nodes of a loop's body, to be an attribute of the loop. */
  body(): OnnxBody {
    return new OnnxBody(this.names);
  }

  /** Whole numbers of 64 bits: a list, or one number without a shape. Equal ones are kept once. */
  integers(values: number | readonly number[]): Value {
    const list = typeof values === 'number' ? [values] : values;
    const shape = typeof values === 'number' ? [] : [list.length];
    const key = JSON.stringify(values);
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const bytes = Buffer.alloc(8 * list.length);
    list.forEach((value, index) => bytes.writeBigInt64LE(BigInt(value), 8 * index));
    const name = this.#initializer(
      this.names.unique(`integers/${list.join('_') || 'none'}${shape.length === 0 ? '_alone' : ''}`),
      { type: 'int64', shape, bytes },
    );
    this.#constants.set(key, name);
    return name;
  }

  /** A bias or another weight that is kept in full. */
  exact(word: string, { shape, values }: Weight): Value {
    return this.#initializer(this.named(word), { type: 'float32', shape, bytes: floatBytes(values) });
  }

  /** A number without a shape. */
  float(word: string, value: number): Value {
    return this.exact(word, { shape: [], values: Float32Array.of(value) });
  }

  /** True, without a shape. */
  yes(): Value {
    return this.#initializer(this.named('yes'), { type: 'bool', shape: [], bytes: Uint8Array.of(1) });
  }

  /**
   * A matrix or a filter as 32-bit floats, however the file keeps it. `axis` is that of the output channels; -1 for filters that
   * each channel has its own of.
   */
  weight(word: string, { shape, values }: Weight, axis: number): Value {
    const channels = axis < 0 ? 1 : shape[axis]!;
    const kept = encodingFor([values.length / channels, channels], this.#encoding);
    if (shape.length < 2 || kept === 'float32') return this.exact(word, { shape, values });
    if (kept === 'float16') {
      const name = this.named(`${word}_float16`);
      const half = this.#initializer(name, { type: 'float16', shape, bytes: halfBytes(values) });
      return this.add('Cast', [half], { to: DATA_TYPES.float32 });
    }
    return this.#int8Weight(word, { shape, values }, axis);
  }

  #int8Weight(word: string, { shape, values }: Weight, axis: number): Value {
    const channels = shape[axis]!;
    const inner = shape.slice(axis + 1).reduce((product, side) => product * side, 1);
    const channelOf = (index: number): number => Math.floor(index / inner) % channels;
    const { levels, scales } = toInt8(values, channels, channelOf);
    const bytes = Buffer.from(levels.buffer, levels.byteOffset, levels.byteLength);
    const quantised = this.#initializer(this.named(`${word}_int8`), { type: 'int8', shape, bytes });
    const scale = this.exact(`${word}_scale`, { shape: [channels], values: scales });
    return this.add('DequantizeLinear', [quantised, scale], { axis });
  }

  #initializer(
    name: string,
    { type, shape, bytes }: { type: keyof typeof DATA_TYPES; shape: readonly number[]; bytes: Uint8Array },
  ): Value {
    const fields = [
      ...shape.map((side) => intField(1, side)),
      intField(2, DATA_TYPES[type]),
      textField(8, name),
      bytesField(9, bytes),
    ];
    this.#initializers.push(messageField(5, fields));
    return name;
  }

  /** The file. `metadata` becomes `metadata_props`, texts by name. */
  toBytes(ports: { inputs: readonly Port[]; outputs: readonly Port[] }, about: OnnxAbout): Buffer {
    const graph = [...graphFields(this.nodes, about.name, ports), ...this.#initializers];
    return Buffer.concat([
      intField(1, IR_VERSION),
      textField(2, 'ocrpipe'),
      textField(3, about.producerVersion),
      textField(6, about.description),
      messageField(7, graph),
      messageField(8, [textField(1, ''), intField(2, OPSET)]),
      ...Object.entries(about.metadata).map(([key, value]) =>
        messageField(14, [textField(1, key), textField(2, value)]),
      ),
    ]);
  }
}

export interface OnnxAbout {
  name: string;
  producerVersion: string;
  /** What the model does, in words. */
  description: string;
  metadata: Record<string, string>;
}

/** Fields of `GraphProto`, without weights. */
function graphFields(
  nodes: readonly Uint8Array[],
  name: string,
  { inputs, outputs }: { inputs: readonly Port[]; outputs: readonly Port[] },
): Uint8Array[] {
  return [
    ...nodes,
    textField(2, name),
    ...inputs.map((port) => messageField(11, portFields(port))),
    ...outputs.map((port) => messageField(12, portFields(port))),
  ];
}

function attribute(name: string, value: Attributes[string]): Uint8Array[] {
  const typed = (type: keyof typeof ATTRIBUTE_TYPES, fields: Uint8Array[]): Uint8Array[] => [
    textField(1, name),
    ...fields,
    intField(20, ATTRIBUTE_TYPES[type]),
  ];
  if (typeof value === 'number') return typed('int', [intField(3, value)]);
  if (typeof value === 'string') return typed('string', [textField(4, value)]);
  if (value instanceof OnnxBody) return typed('graph', [messageField(6, value.toFields())]);
  if ('float' in value) return typed('float', [floatField(2, value.float)]);
  return typed(
    'ints',
    value.map((entry) => intField(8, entry)),
  );
}

function portFields({ name, type, shape, about }: Port): Uint8Array[] {
  const sides = shape.map((side) =>
    messageField(1, [typeof side === 'number' ? intField(1, side) : textField(2, side)]),
  );
  const tensor = [intField(1, DATA_TYPES[type]), messageField(2, sides)];
  return [
    textField(1, name),
    messageField(2, [messageField(1, tensor)]),
    ...(about === undefined ? [] : [textField(3, about)]),
  ];
}
