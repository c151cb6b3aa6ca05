import { bytesField, intField, messageField, textField } from '../../base/protobuf.js';
import { encodingFor, floatBytes, halfBytes, toInt8, type Encoding } from '../models/quantisation.js';
import type { Weight } from './layer-graph.js';

/** The name of a value in the graph. */
export type Value = string;
export type Attributes = Record<string, number | string | readonly number[]>;

/** Numbers of `TensorProto.DataType`. */
export const DATA_TYPES = { float32: 1, int8: 3, int32: 6, int64: 7, float16: 10 } as const;
/** Numbers of `AttributeProto.AttributeType`. */
const ATTRIBUTE_TYPES = { int: 2, string: 3, ints: 7 } as const;

/** The operators that every runtime of the last years knows, and the file version that goes with them. */
const OPSET = 17;
const IR_VERSION = 8;

/** An input or output: sides are numbers, or names where any size will do. */
export interface Port {
  name: Value;
  type: keyof typeof DATA_TYPES;
  shape: readonly (number | string)[];
}

/**
 * An ONNX model under construction, written as `ModelProto` of onnx.proto. Nodes must be added after those whose values they
 * take.
 */
export class OnnxModel {
  readonly #encoding: Encoding;
  readonly #nodes: Uint8Array[] = [];
  readonly #initializers: Uint8Array[] = [];
  readonly #constants = new Map<string, Value>();
  #names = 0;

  /** `encoding`: how weights are kept in the file; the model turns them to 32-bit floats when it is loaded. */
  constructor(encoding: Encoding) {
    this.#encoding = encoding;
  }

  /** Adds an operator with one result, and gives the result's name; an input left out is ''. */
  add(operator: string, inputs: readonly Value[], attributes: Attributes = {}): Value {
    return this.addNamed(`${operator}_${(this.#names += 1)}`, operator, { inputs, attributes });
  }

  addNamed(
    output: Value,
    operator: string,
    { inputs, attributes = {} }: { inputs: readonly Value[]; attributes?: Attributes },
  ): Value {
    const fields = [
      ...inputs.map((input) => textField(1, input)),
      textField(2, output),
      textField(3, output),
      textField(4, operator),
      ...Object.entries(attributes).map(([name, value]) => messageField(5, attribute(name, value))),
    ];
    this.#nodes.push(messageField(1, fields));
    return output;
  }

  /** Whole numbers: a list, or one number without a shape. Equal ones are kept once. */
  integers(values: number | readonly number[]): Value {
    const list = typeof values === 'number' ? [values] : values;
    const shape = typeof values === 'number' ? [] : [list.length];
    const key = JSON.stringify(values);
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const bytes = Buffer.alloc(8 * list.length);
    list.forEach((value, index) => bytes.writeBigInt64LE(BigInt(value), 8 * index));
    const name = this.#initializer('int64', shape, bytes);
    this.#constants.set(key, name);
    return name;
  }

  /** A bias or another weight that is kept in full. */
  exact({ shape, values }: Weight): Value {
    return this.#initializer('float32', shape, floatBytes(values));
  }

  /** A matrix or a filter as 32-bit floats, however the file keeps it. `axis` is that of the output channels. */
  weight({ shape, values }: Weight, axis: number): Value {
    const channels = shape[axis] ?? 1;
    const kept = encodingFor([values.length / channels, channels], this.#encoding);
    if (kept === 'float32') return this.exact({ shape, values });
    if (kept === 'float16') {
      const half = this.#initializer('float16', shape, halfBytes(values));
      return this.add('Cast', [half], { to: DATA_TYPES.float32 });
    }
    return this.#int8Weight({ shape, values }, axis);
  }

  #int8Weight({ shape, values }: Weight, axis: number): Value {
    const channels = shape[axis]!;
    const inner = shape.slice(axis + 1).reduce((product, side) => product * side, 1);
    const channelOf = (index: number): number => Math.floor(index / inner) % channels;
    const { levels, scales } = toInt8(values, channels, channelOf);
    const bytes = Buffer.from(levels.buffer, levels.byteOffset, levels.byteLength);
    const quantised = this.#initializer('int8', shape, bytes);
    const scale = this.#initializer('float32', [channels], floatBytes(scales));
    return this.add('DequantizeLinear', [quantised, scale], { axis });
  }

  #initializer(type: keyof typeof DATA_TYPES, shape: readonly number[], bytes: Uint8Array): Value {
    const name = `constant_${(this.#names += 1)}`;
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
    const graph = [
      ...this.#nodes,
      textField(2, about.name),
      ...this.#initializers,
      ...ports.inputs.map((port) => messageField(11, portFields(port))),
      ...ports.outputs.map((port) => messageField(12, portFields(port))),
    ];
    return Buffer.concat([
      intField(1, IR_VERSION),
      textField(2, 'ocrpipe'),
      textField(3, about.producerVersion),
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
  metadata: Record<string, string>;
}

function attribute(name: string, value: Attributes[string]): Uint8Array[] {
  const typed = (type: keyof typeof ATTRIBUTE_TYPES, fields: Uint8Array[]): Uint8Array[] => [
    textField(1, name),
    ...fields,
    intField(20, ATTRIBUTE_TYPES[type]),
  ];
  if (typeof value === 'number') return typed('int', [intField(3, value)]);
  if (typeof value === 'string') return typed('string', [textField(4, value)]);
  return typed(
    'ints',
    value.map((entry) => intField(8, entry)),
  );
}

function portFields({ name, type, shape }: Port): Uint8Array[] {
  const sides = shape.map((side) =>
    messageField(1, [typeof side === 'number' ? intField(1, side) : textField(2, side)]),
  );
  const tensor = [intField(1, DATA_TYPES[type]), messageField(2, sides)];
  return [textField(1, name), messageField(2, [messageField(1, tensor)])];
}
