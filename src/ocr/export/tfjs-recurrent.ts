import { gruCell, type StepOps } from './decoder-step.js';
import type { GruLayer, LstmLayer } from './layer-graph.js';
import { addLoop, type Loop, type NewFunction } from './tfjs-loop.js';
import type { TfjsFunction, TfjsNodes, Value } from './tfjs-model.js';
import { concat, shapeOf, sideOf } from './tfjs-shapes.js';

type RecurrentLayer = GruLayer | LstmLayer;

const FLOATS = { element_dtype: { type: 'DT_FLOAT' } } as const;

/**
 * A GRU or LSTM over [batch, time, features], every image filling all time steps: all directions run through one loop, the
 * backward one on reversed input. Gives [batch, time, directions * units]. tfjs has no kernel for either.
 */
export function addRecurrent(
  nodes: TfjsNodes,
  input: Value,
  { layer, name, newFunction }: { layer: RecurrentLayer; name: string; newFunction: NewFunction },
): { output: Value; functions: TfjsFunction[] } {
  const [directions, units] = layer.recurrentKernel.shape as [number, number, number];
  const [batch, time] = [sideOf(nodes, input, 0), sideOf(nodes, input, 1)];
  const stepShape = shapeOf(nodes, [directions, batch, units]);
  const zeros = nodes.add('Fill', [stepShape, nodes.float('zero', 0)]);
  const list = nodes.add('TensorListReserve', [stepShape, time], FLOATS);
  const captured: Loop['captured'] = [
    { name: 'steps', type: 'DT_INT32', value: time },
    { name: 'gates', type: 'DT_FLOAT', value: inputGates(nodes, { input, layer, batch, time }) },
    { name: 'kernel', type: 'DT_FLOAT', value: nodes.weight(layer.recurrentKernel) },
    ...(layer.op === 'gru'
      ? [{ name: 'bias', type: 'DT_FLOAT', value: stepBias(nodes, layer) } as const]
      : []),
  ];
  const carried: Loop['carried'] = [
    { name: 'step', type: 'DT_INT32', value: nodes.integers(0) },
    { name: 'state', type: 'DT_FLOAT', value: zeros },
    ...(layer.op === 'lstm' ? [{ name: 'cell', type: 'DT_FLOAT', value: zeros } as const] : []),
    { name: 'states', type: 'DT_VARIANT', value: list },
  ];
  const { results, functions } = addLoop(nodes, newFunction, {
    name,
    carried,
    captured,
    goOn: (condition) => condition.add('Less', ['step', 'steps']),
    step: (body) => recurrentStep(body, layer),
  });
  const states = nodes.add('TensorListStack', [results['states']!, stepShape], FLOATS);
  return { output: joinedDirections(nodes, states, directions), functions };
}

/** The inputs' share of the gates, [time, directions, batch, gates * units], the backward direction in reversed time. */
function inputGates(
  nodes: TfjsNodes,
  { input, layer, batch, time }: { input: Value; layer: RecurrentLayer; batch: Value; time: Value },
): Value {
  const [directions, , width] = layer.recurrentKernel.shape as [number, number, number];
  const flat = nodes.add('Reshape', [input, nodes.integers([-1, layer.kernel.shape[0]!])]);
  const product = nodes.add('MatMul', [flat, nodes.weight(layer.kernel)]);
  const gates = nodes.add('AddV2', [product, nodes.weight(layer.bias)]);
  const apart = nodes.add('Reshape', [gates, shapeOf(nodes, [batch, time, directions, width])]);
  const byTime = nodes.add('Transpose', [apart, nodes.integers([1, 2, 0, 3])]);
  if (directions === 1) return byTime;
  return concat(nodes, [direction(nodes, byTime, 0), reversed(nodes, direction(nodes, byTime, 1))], 1);
}

/** [time, directions, batch, units] -> [batch, time, directions * units], the backward direction put in order again. */
function joinedDirections(nodes: TfjsNodes, states: Value, directions: number): Value {
  const joined =
    directions === 1
      ? states
      : concat(nodes, [direction(nodes, states, 0), reversed(nodes, direction(nodes, states, 1))], 3);
  const byTime = nodes.add('Squeeze', [joined], { squeeze_dims: { list: { i: ['1'] } } });
  return nodes.add('Transpose', [byTime, nodes.integers([1, 0, 2])]);
}

function direction(nodes: TfjsNodes, x: Value, which: 0 | 1): Value {
  return nodes.add('Slice', [x, nodes.integers([0, which, 0, 0]), nodes.integers([-1, 1, -1, -1])]);
}

function reversed(nodes: TfjsNodes, x: Value): Value {
  return nodes.add('ReverseV2', [x, nodes.integers([0])]);
}

/** One time step of all directions. */
function recurrentStep(nodes: TfjsNodes, layer: RecurrentLayer): Record<string, Value> {
  const units = layer.recurrentKernel.shape[1]!;
  const input = nodes.add('GatherV2', ['gates', 'step', nodes.integers(0)]); // [directions, batch, gates * units]
  const product = nodes.add('BatchMatMulV2', ['state', 'kernel']);
  const ops = cellOps(nodes);
  const after =
    layer.op === 'lstm'
      ? lstmCell(ops, units, { sums: ops.binary('Add', input, product), cell: 'cell' })
      : {
          state: gruCell(ops, units, {
            input,
            hidden: ops.binary('Add', product, 'bias'),
            state: 'state',
          }),
        };
  const states = nodes.add('TensorListSetItem', ['states', 'step', after.state], FLOATS);
  return { ...after, states, step: nodes.add('AddV2', ['step', nodes.integers(1)]) };
}

/** The states' share of the biases, [directions, 1, gates * units]. */
function stepBias(nodes: TfjsNodes, { recurrentBias }: GruLayer): Value {
  return nodes.add('ExpandDims', [nodes.weight(recurrentBias), nodes.integers(1)]);
}

type CellOps = Pick<StepOps, 'binary' | 'unary' | 'part'>;

/** c' = f * c + i * g, h' = o * tanh(c'): see `lstm`. */
function lstmCell(
  ops: CellOps,
  units: number,
  { sums, cell }: { sums: Value; cell: Value },
): { state: Value; cell: Value } {
  const gate = (place: number, kind: 'Sigmoid' | 'Tanh'): Value =>
    ops.unary(kind, ops.part(sums, place * units, units));
  const kept = ops.binary('Mul', gate(1, 'Sigmoid'), cell);
  const next = ops.binary('Add', kept, ops.binary('Mul', gate(0, 'Sigmoid'), gate(2, 'Tanh')));
  return { state: ops.binary('Mul', gate(3, 'Sigmoid'), ops.unary('Tanh', next)), cell: next };
}

/** Operators of a cell over [directions, batch, gates * units]. */
function cellOps(nodes: TfjsNodes): CellOps {
  return {
    binary: (kind, a, b) => nodes.add(kind === 'Add' ? 'AddV2' : kind, [a, b]),
    unary: (kind, x) => nodes.add(kind, [x]),
    part: (x, start, size) =>
      nodes.add('Slice', [x, nodes.integers([0, 0, start]), nodes.integers([-1, -1, size])]),
  };
}
