import type { Layer } from './layer-graph.js';
import type { TfjsNodes } from './tfjs-model.js';
import { type DataType, type TfjsFunction, type Value } from './tfjs-model.js';

type GruLayer = Extract<Layer, { op: 'gru' }>;

/** Makes the nodes of a function whose names begin with a prefix. */
export type NewFunction = (prefix: string) => TfjsNodes;

/** What the loop over time carries from step to step. */
const LOOP = [
  { name: 'step', type: 'DT_INT32' },
  { name: 'steps', type: 'DT_INT32' },
  { name: 'state', type: 'DT_FLOAT' },
  { name: 'gates', type: 'DT_FLOAT' },
  { name: 'states', type: 'DT_VARIANT' },
] as const satisfies readonly { name: string; type: DataType }[];

/** Sides of a value of the graph, each a one-element list, to make shapes with. */
export function sideOf(nodes: TfjsNodes, x: Value, axis: number): Value {
  const shape = nodes.add('Shape', [x]);
  const slice = [nodes.integers([axis]), nodes.integers([axis + 1]), nodes.integers([1])];
  return nodes.add('StridedSlice', [shape, ...slice], { shrink_axis_mask: { i: '1' } });
}

/** A shape of values of the graph and numbers. */
export function shapeOf(nodes: TfjsNodes, sides: readonly (Value | number)[]): Value {
  const values = sides.map((side) => (typeof side === 'number' ? nodes.integers(side) : side));
  return nodes.add('Pack', values, { axis: { i: '0' } });
}

/**
 * A bidirectional GRU over [batch, time, features], every image filling all time steps: both directions run through one loop,
 * the backward one on reversed input. Gives [batch, time, 2 * units]. tfjs has no kernel for it: the loop is TensorFlow's
 * `While`, with two functions that the graph's library must hold.
 */
export function addGru(
  nodes: TfjsNodes,
  {
    input,
    layer,
    name,
    newFunction,
  }: { input: Value; layer: GruLayer; name: string; newFunction: NewFunction },
): { output: Value; functions: TfjsFunction[] } {
  const units = layer.recurrentKernel.shape[1]!;
  const [batch, time] = [sideOf(nodes, input, 0), sideOf(nodes, input, 1)];
  const gates = inputGates(nodes, { input, layer, batch, time });
  const itemShape = shapeOf(nodes, [2, batch, units]);
  const zeroState = nodes.add('Fill', [itemShape, nodes.float(0)]);
  const list = nodes.add('TensorListReserve', [itemShape, time], { element_dtype: { type: 'DT_FLOAT' } });
  const functions = [condition(name, newFunction), body(name, layer, newFunction)];
  const loop = nodes.add('StatelessWhile', [nodes.integers(0), time, zeroState, gates, list], {
    cond: { func: { name: functions[0]!.name } },
    body: { func: { name: functions[1]!.name } },
  });
  const states = nodes.add('TensorListStack', [`${loop}:4`, itemShape], {
    element_dtype: { type: 'DT_FLOAT' },
  });
  return { output: joinedDirections(nodes, states), functions };
}

/** The inputs' share of the gates, [time, 2, batch, 3 * units], the backward direction in reversed time. */
function inputGates(
  nodes: TfjsNodes,
  { input, layer, batch, time }: { input: Value; layer: GruLayer; batch: Value; time: Value },
): Value {
  const [features, width] = layer.kernel.shape as [number, number];
  const flat = nodes.add('Reshape', [input, nodes.integers([-1, features])]);
  const product = nodes.add('MatMul', [flat, nodes.weight(layer.kernel)]);
  const gates = nodes.add('AddV2', [product, nodes.exact(layer.bias)]);
  const apart = nodes.add('Reshape', [gates, shapeOf(nodes, [batch, time, 2, width / 2])]);
  const byTime = nodes.add('Transpose', [apart, nodes.integers([1, 2, 0, 3])]);
  const [forward, backward] = [direction(nodes, byTime, 0), direction(nodes, byTime, 1)];
  return concat(nodes, [forward, reversed(nodes, backward)], 1);
}

/** [time, 2, batch, units], backward in reversed time -> [batch, time, 2 * units]. */
function joinedDirections(nodes: TfjsNodes, states: Value): Value {
  const [forward, backward] = [direction(nodes, states, 0), direction(nodes, states, 1)];
  const joined = concat(nodes, [forward, reversed(nodes, backward)], 3);
  const byTime = nodes.add('Squeeze', [joined], { squeeze_dims: { list: { i: ['1'] } } });
  return nodes.add('Transpose', [byTime, nodes.integers([1, 0, 2])]);
}

function direction(nodes: TfjsNodes, x: Value, which: 0 | 1): Value {
  return nodes.add('Slice', [x, nodes.integers([0, which, 0, 0]), nodes.integers([-1, 1, -1, -1])]);
}

function reversed(nodes: TfjsNodes, x: Value): Value {
  return nodes.add('ReverseV2', [x, nodes.integers([0])]);
}

function concat(nodes: TfjsNodes, values: readonly Value[], axis: number): Value {
  return nodes.add('ConcatV2', [...values, nodes.integers(axis)], { N: { i: String(values.length) } });
}

function condition(name: string, newFunction: NewFunction): TfjsFunction {
  const nodes = newFunction(`${name}_go_on/`);
  const node = nodes.add('Less', ['step', 'steps']);
  const outputs = [{ name: 'go_on', type: 'DT_BOOL', node }] as const;
  return { name: `${name}_go_on`, inputs: LOOP, outputs, nodes: nodes.nodes };
}

/** One time step of both directions: h' = n + z * (h - n), see `bidirectionalGru`. */
function body(name: string, layer: GruLayer, newFunction: NewFunction): TfjsFunction {
  const nodes = newFunction(`${name}_step/`);
  const units = layer.recurrentKernel.shape[1]!;
  const inputs = nodes.add('GatherV2', ['gates', 'step', nodes.integers(0)]); // [2, batch, 3 * units]
  const product = nodes.add('BatchMatMulV2', ['state', nodes.weight(layer.recurrentKernel)]);
  const bias = { shape: [2, 1, 3 * units], values: layer.recurrentBias.values };
  const recurrent = nodes.add('AddV2', [product, nodes.exact(bias)]);
  const gate = (x: Value, place: number): Value =>
    nodes.add('Slice', [x, nodes.integers([0, 0, place * units]), nodes.integers([-1, -1, units])]);
  const opened = (place: number): Value =>
    nodes.add('Sigmoid', [nodes.add('AddV2', [gate(inputs, place), gate(recurrent, place)])]);
  const [reset, update] = [opened(0), opened(1)];
  const remembered = nodes.add('Mul', [reset, gate(recurrent, 2)]);
  const fresh = nodes.add('Tanh', [nodes.add('AddV2', [gate(inputs, 2), remembered])]);
  const kept = nodes.add('Mul', [update, nodes.add('Sub', ['state', fresh])]);
  const state = nodes.add('AddV2', [fresh, kept]);
  const list = nodes.add('TensorListSetItem', ['states', 'step', state], {
    element_dtype: { type: 'DT_FLOAT' },
  });
  const next = nodes.add('AddV2', ['step', nodes.integers(1)]);
  const results = [next, 'steps', state, 'gates', list];
  const outputs = LOOP.map(({ name: input, type }, index) => ({
    name: `${input}_out`,
    type,
    node: results[index]!,
  }));
  return { name: `${name}_step`, inputs: LOOP, outputs, nodes: nodes.nodes };
}
