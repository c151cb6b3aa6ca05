import type { TfjsNodes, Value } from './tfjs-model.js';

/** Sides of a value of the graph, each a number of its own, to make shapes with. */
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

export function concat(nodes: TfjsNodes, values: readonly Value[], axis: number): Value {
  return nodes.add('ConcatV2', [...values, nodes.integers(axis)], { N: { i: String(values.length) } });
}

/** [batch, time, features] -> [batch, time, units]: the product with kernel [features, units], plus bias. */
export function denseSteps(
  nodes: TfjsNodes,
  input: Value,
  { kernel, bias, features, units }: { kernel: Value; bias: Value; features: number; units: number },
): Value {
  const shape = shapeOf(nodes, [sideOf(nodes, input, 0), sideOf(nodes, input, 1), units]);
  const flat = nodes.add('Reshape', [input, nodes.integers([-1, features])]);
  const sums = nodes.add('AddV2', [nodes.add('MatMul', [flat, kernel]), bias]);
  return nodes.add('Reshape', [sums, shape]);
}
