import type { DenseWeights, GruLayer, Layer, LstmLayer } from './layer-graph.js';
import { DATA_TYPES, type OnnxModel, type Value } from './onnx-model.js';
import { recurrentWeights } from './onnx-weights.js';
import { hiddenSteps, type Writing } from './onnx-writing.js';

/** ONNX's GRU and LSTM want [time, batch, features] and give [time, directions, batch, units]; beyond an image's steps they give zeros. */
export function writeRecurrent({ model, steps }: Writing, input: Value, layer: GruLayer | LstmLayer): Value {
  const [directions, units, width] = layer.recurrentKernel.shape as [number, number, number];
  const { kernel, recurrentKernel, biases } = recurrentWeights(layer);
  const apart = model.integers([directions, width, -1]);
  const inputs = [
    model.add('Transpose', [input], { perm: [1, 0, 2] }),
    model.add('Reshape', [model.weight('kernel', kernel, 0), apart]),
    model.weight('recurrentKernel', recurrentKernel, 1),
    model.exact('biases', biases),
    steps === undefined ? '' : model.add('Cast', [steps], { to: DATA_TYPES.int32 }),
  ];
  const attributes = {
    hidden_size: units,
    direction: directions === 2 ? 'bidirectional' : 'forward',
    ...(layer.op === 'gru' ? { linear_before_reset: 1 } : {}),
  };
  const states = model.add(layer.op === 'gru' ? 'GRU' : 'LSTM', inputs, attributes);
  const byItem = model.add('Transpose', [states], { perm: [2, 0, 1, 3] });
  return model.add('Reshape', [byItem, model.integers([0, 0, directions * units])]);
}

export function writeLayerNorm(
  { model }: Writing,
  input: Value,
  { gamma, beta, epsilon }: Extract<Layer, { op: 'layerNorm' }>,
): Value {
  const inputs = [input, model.exact('gamma', gamma), model.exact('beta', beta)];
  return model.add('LayerNormalization', inputs, { axis: -1, epsilon: { float: epsilon } });
}

/** `selfAttention` over [batch, time, features]. */
export function writeSelfAttention(
  writing: Writing,
  input: Value,
  { heads, projections, output }: Extract<Layer, { op: 'selfAttention' }>,
): Value {
  const { model } = writing;
  const features = output.bias.values.length;
  const size = features / heads;
  const projected = dense(model, input, { word: 'projections', weights: projections });
  const apart = model.add('Reshape', [projected, model.integers([0, 0, 3, heads, size])]);
  const parts = model.add('Transpose', [apart], { perm: [2, 0, 3, 1, 4] }); // [3, batch, heads, time, size]
  const [query, key, value] = [0, 1, 2].map((place) =>
    model.add('Gather', [parts, model.integers(place)], { axis: 0 }),
  ) as [Value, Value, Value];
  const turned = model.add('Transpose', [key], { perm: [0, 1, 3, 2] });
  const scale = model.float('scale', 1 / Math.sqrt(size));
  const scores = model.add('Mul', [model.add('MatMul', [query, turned]), scale]);
  const hidden = hiddenSteps(writing, input);
  const shown =
    hidden === undefined
      ? scores
      : model.add('Add', [scores, model.add('Unsqueeze', [hidden, model.integers([1, 2])])]);
  const mixed = model.add('MatMul', [model.add('Softmax', [shown], { axis: -1 }), value]);
  const byStep = model.add('Transpose', [mixed], { perm: [0, 2, 1, 3] });
  const joined = model.add('Reshape', [byStep, model.integers([0, 0, features])]);
  return dense(model, joined, { word: 'output', weights: output });
}

/** Weights are named by a word each, where a layer has several. */
function dense(
  model: OnnxModel,
  input: Value,
  { word, weights: { kernel, bias } }: { word: string; weights: DenseWeights },
): Value {
  const product = model.add('MatMul', [input, model.weight(`${word}Kernel`, kernel, 1)]);
  return model.add('Add', [product, model.exact(`${word}Bias`, bias)]);
}
