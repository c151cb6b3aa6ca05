import { decoderStep, mapDecoderWeights, type StepOps } from './decoder-step.js';
import type { AttentionDecoderLayer, DecoderWeights, Weight } from './layer-graph.js';
import { DATA_TYPES, type OnnxBody, type OnnxModel, type OnnxNodes, type Value } from './onnx-model.js';
import { hiddenSteps, type Writing } from './onnx-writing.js';

/** What the loop carries from step to step. */
interface Carried {
  given: Value;
  state: Value;
  readout: Value;
}

/** What stays the same in all steps. */
interface Kept {
  values: Value;
  keys: Value;
  hidden: Value | undefined;
  weights: DecoderWeights<Value>;
}

/** The greedy decoder as ONNX's `Loop`: [batch, steps, classes]. */
export function writeAttentionDecoder(
  writing: Writing,
  layer: AttentionDecoderLayer,
  { values, keys }: { values: Value; keys: Value },
): Value {
  const { model } = writing;
  const units = layer.weights.startBias.values.length;
  const classes = layer.weights.outputBias.values.length;
  const weights = mapDecoderWeights(layer.weights, (weight, word) =>
    model.weight(word, weight, weight.shape.length - 1),
  );
  const kept = { values, keys, hidden: hiddenSteps(writing, values), weights };
  const start = startOf(model, kept, { layer, classes, units });
  const body = loopBody(model, kept, { classes, units });
  const inputs = [model.integers(layer.mostSteps), model.yes(), start.given, start.state, start.readout];
  const results = ['given', 'state', 'readout', 'logits'];
  const [, , , logits] = model.addMany('Loop', inputs, { attributes: { body }, results });
  return model.add('Transpose', [logits!], { perm: [1, 0, 2] });
}

/** Before the first character: see `AttentionDecoder.start`. */
function startOf(
  model: OnnxModel,
  { values, weights }: Kept,
  { layer, classes, units }: { layer: AttentionDecoderLayer; classes: number; units: number },
): Carried {
  const encoderUnits = layer.weights.startKernel.shape[0]!;
  const first = model.add('Gather', [values, model.integers(0)], { axis: 1 });
  const backward = stepOps(model, model).part(first, encoderUnits, encoderUnits);
  const product = model.add('MatMul', [backward, weights.startKernel]);
  const state = model.add('Tanh', [model.add('Add', [product, weights.startBias])]);
  const batch = model.add('Shape', [values], { start: 0, end: 1 });
  const given = model.add('Expand', [model.integers([classes]), batch]);
  const none: Weight = { shape: [1, units], values: new Float32Array(units) };
  const wide = model.add('Concat', [batch, model.integers([units])], { axis: 0 });
  return { given, state, readout: model.add('Expand', [model.exact('noReadout', none), wide]) };
}

/** One step; it goes on while any image has not met its end. */
function loopBody(
  model: OnnxModel,
  { weights, ...kept }: Kept,
  { classes, units }: { classes: number; units: number },
): OnnxBody {
  const body = model.body();
  body.scope = 'decoder/step';
  const [number, before, given, state, readout] = ['number', 'goOnBefore', 'given', 'state', 'readout'].map(
    (word) => body.port(word),
  ) as [Value, Value, Value, Value, Value];
  const inputs = { given, state, readout, ...kept };
  const after = decoderStep(stepOps(model, body), weights, { inputs, units });
  const end = model.integers(classes - 1);
  const best = body.add('ArgMax', [after.logits], { axis: 1, keepdims: 0 });
  const next = body.add('Where', [body.add('Equal', [given, end]), end, best]);
  const open = body.add('Cast', [body.add('Not', [body.add('Equal', [next, end])])], {
    to: DATA_TYPES.int32,
  });
  const goOn = body.add('Cast', [body.add('ReduceMax', [open], { keepdims: 0 })], { to: DATA_TYPES.bool });
  const logits = body.add('Identity', [after.logits]);
  const floats = (name: Value, side: number) => ({ name, type: 'float32', shape: ['batch', side] }) as const;
  const integers = (name: Value) => ({ name, type: 'int64', shape: ['batch'] }) as const;
  return body.finish({
    inputs: [
      { name: number, type: 'int64', shape: [] },
      { name: before, type: 'bool', shape: [] },
      integers(given),
      floats(state, units),
      floats(readout, units),
    ],
    outputs: [
      { name: goOn, type: 'bool', shape: [] },
      integers(next),
      floats(after.state, units),
      floats(after.readout, units),
      floats(logits, classes),
    ],
  });
}

/** Operators that write to `nodes`; whole numbers are kept in `model`. */
function stepOps(model: OnnxModel, nodes: OnnxNodes): StepOps {
  return {
    rows: (table, numbers) => nodes.add('Gather', [table, numbers], { axis: 0 }),
    matMul: (a, b) => nodes.add('MatMul', [a, b]),
    binary: (kind, a, b) => nodes.add(kind, [a, b]),
    unary: (kind, x) => nodes.add(kind, [x], kind === 'Softmax' ? { axis: -1 } : {}),
    join: (values) => nodes.add('Concat', values, { axis: 1 }),
    part: (x, start, size) =>
      nodes.add('Slice', [x, model.integers([start]), model.integers([start + size]), model.integers([1])]),
    widen: (x, axis) => nodes.add('Unsqueeze', [x, model.integers([axis])]),
    narrow: (x, axis) => nodes.add('Squeeze', [x, model.integers([axis])]),
    sumFeatures: (x) => nodes.add('ReduceSum', [x, model.integers([2])], { keepdims: 0 }),
  };
}
