import { decoderStep, mapDecoderWeights, type StepOps } from './decoder-step.js';
import type { AttentionDecoderLayer, DecoderWeights } from './layer-graph.js';
import { addLoop, type Loop, type LoopValue, type NewFunction } from './tfjs-loop.js';
import type { TfjsFunction, TfjsNodes, Value } from './tfjs-model.js';
import { concat, shapeOf, sideOf } from './tfjs-shapes.js';

const FLOATS = { element_dtype: { type: 'DT_FLOAT' } } as const;

/** The greedy decoder as a loop: [batch, steps, classes]. */
export function addAttentionDecoder(
  nodes: TfjsNodes,
  { values, keys }: { values: Value; keys: Value },
  { layer, name, newFunction }: { layer: AttentionDecoderLayer; name: string; newFunction: NewFunction },
): { output: Value; functions: TfjsFunction[] } {
  const classes = layer.weights.outputBias.values.length;
  const weights = mapDecoderWeights(layer.weights, (weight) => nodes.weight(weight));
  const [batch, stepShape] = [sideOf(nodes, values, 0), shapeOf(nodes, [sideOf(nodes, values, 0), classes])];
  const list = nodes.add('EmptyTensorList', [stepShape, nodes.integers(layer.mostSteps)], FLOATS);
  const captured: LoopValue[] = [
    { name: 'values', type: 'DT_FLOAT', value: values },
    { name: 'keys', type: 'DT_FLOAT', value: keys },
  ];
  mapDecoderWeights(weights, (value, word) => captured.push({ name: word, type: 'DT_FLOAT', value }));
  const { results, functions } = addLoop(nodes, newFunction, {
    name,
    carried: [
      ...startOf(nodes, { values, weights, layer, batch }),
      // TensorFlow.js frees what a step makes unless the step hands it on, even what stands in a list.
      { name: 'last', type: 'DT_FLOAT', value: nodes.add('Fill', [stepShape, nodes.float('zero', 0)]) },
      { name: 'logits', type: 'DT_VARIANT', value: list },
    ],
    captured,
    goOn: (condition) => goOn(condition, { end: classes - 1, mostSteps: layer.mostSteps }),
    step: (body) => step(body, layer),
  });
  const logits = nodes.add('TensorListStack', [results['logits']!, stepShape], FLOATS);
  return { output: nodes.add('Transpose', [logits, nodes.integers([1, 0, 2])]), functions };
}

/** Before the first character: see `AttentionDecoder.start`. */
function startOf(
  nodes: TfjsNodes,
  {
    values,
    weights,
    layer,
    batch,
  }: { values: Value; weights: DecoderWeights<Value>; layer: AttentionDecoderLayer; batch: Value },
): Loop['carried'] {
  const [encoderUnits, units] = layer.weights.startKernel.shape as [number, number];
  const classes = layer.weights.outputBias.values.length;
  const first = [nodes.integers([0, 0, encoderUnits]), nodes.integers([-1, 1, encoderUnits])];
  const end = nodes.add('Reshape', [
    nodes.add('Slice', [values, ...first]),
    nodes.integers([-1, encoderUnits]),
  ]);
  const product = nodes.add('MatMul', [end, weights.startKernel]);
  const readout = nodes.add('Fill', [shapeOf(nodes, [batch, units]), nodes.float('zero', 0)]);
  return [
    { name: 'step', type: 'DT_INT32', value: nodes.integers(0) },
    {
      name: 'given',
      type: 'DT_INT32',
      value: nodes.add('Fill', [shapeOf(nodes, [batch]), nodes.integers(classes)], {
        T: { type: 'DT_INT32' },
      }),
    },
    {
      name: 'state',
      type: 'DT_FLOAT',
      value: nodes.add('Tanh', [nodes.add('AddV2', [product, weights.startBias])]),
    },
    { name: 'readout', type: 'DT_FLOAT', value: readout },
  ];
}

/** While there are steps left and any image has not met its end. */
function goOn(nodes: TfjsNodes, { end, mostSteps }: { end: number; mostSteps: number }): Value {
  const left = nodes.add('Less', ['step', nodes.integers(mostSteps)]);
  const open = nodes.add('Any', [nodes.add('NotEqual', ['given', nodes.integers(end)]), nodes.integers([0])]);
  return nodes.add('LogicalAnd', [left, open]);
}

function step(nodes: TfjsNodes, layer: AttentionDecoderLayer): Record<string, Value> {
  const names = mapDecoderWeights(layer.weights, (_, word) => word);
  const units = layer.weights.startBias.values.length;
  const end = nodes.integers(layer.weights.outputBias.values.length - 1);
  const carried = { given: 'given', state: 'state', readout: 'readout' };
  const kept = { values: 'values', keys: 'keys', hidden: undefined };
  const after = decoderStep(stepOps(nodes), names, { inputs: { ...carried, ...kept }, units });
  const best = nodes.add('ArgMax', [after.logits, nodes.integers(1)]);
  const hasEnded = nodes.add('Equal', ['given', end]);
  return {
    given: nodes.add('SelectV2', [hasEnded, 'given', best]),
    state: after.state,
    readout: after.readout,
    last: after.logits,
    logits: nodes.add('TensorListPushBack', ['logits', after.logits], FLOATS),
    step: nodes.add('AddV2', ['step', nodes.integers(1)]),
  };
}

function stepOps(nodes: TfjsNodes): StepOps {
  return {
    rows: (table, numbers) => nodes.add('GatherV2', [table, numbers, nodes.integers(0)]),
    matMul: (a, b) => nodes.add('BatchMatMulV2', [a, b]),
    binary: (kind, a, b) => nodes.add(kind === 'Add' ? 'AddV2' : kind, [a, b]),
    unary: (kind, x) => nodes.add(kind, [x]),
    join: (values) => concat(nodes, values, 1),
    part: (x, start, size) => nodes.add('Slice', [x, nodes.integers([0, start]), nodes.integers([-1, size])]),
    widen: (x, axis) => nodes.add('ExpandDims', [x, nodes.integers(axis)]),
    narrow: (x, axis) => nodes.add('Squeeze', [x], { squeeze_dims: { list: { i: [String(axis)] } } }),
    sumFeatures: (x) => nodes.add('Sum', [x, nodes.integers([2])]),
  };
}
