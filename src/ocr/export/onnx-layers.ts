import { foldedConvolution } from './folded-convolution.js';
import type { Layer, LayerGraph, NamedLayer, Weight } from './layer-graph.js';
import { writeAttentionDecoder } from './onnx-decoder.js';
import { DATA_TYPES, type OnnxModel, type Value } from './onnx-model.js';
import { writeLayerNorm, writeRecurrent, writeSelfAttention } from './onnx-sequences.js';
import { channelsFirst, depthwiseFirst } from './onnx-weights.js';
import { filledPlaces, type Writing } from './onnx-writing.js';

export const IMAGES = 'images';
export const STEPS = 'steps';
export const LOGITS = 'logits';

/** Writes the layers of a network; the last one's result is named `logits`. */
export function writeOnnxLayers(model: OnnxModel, graph: LayerGraph): void {
  model.scope = STEPS;
  const steps = graph.stepPx === undefined ? undefined : model.add('Cast', [STEPS], { to: DATA_TYPES.int64 });
  const values: Value[] = [];
  for (const layer of graph.layers) {
    model.scope = layer.name;
    values.push(writeLayer({ model, graph, steps }, layer, values));
  }
  const last: Value = values.at(-1)!;
  model.addNamed(LOGITS, 'Identity', [last]);
}

function writeLayer(writing: Writing, layer: NamedLayer, values: readonly Value[]): Value {
  if (layer.op === 'images') return IMAGES;
  const input = values[layer.input]!;
  switch (layer.op) {
    case 'add':
      return writing.model.add('Add', [input, values[layer.other]!]);
    case 'gru':
    case 'lstm':
      return writeRecurrent(writing, input, layer);
    case 'layerNorm':
      return writeLayerNorm(writing, input, layer);
    case 'selfAttention':
      return writeSelfAttention(writing, input, layer);
    case 'attentionDecoder':
      return writeAttentionDecoder(writing, layer, { values: input, keys: values[layer.keys]! });
    default:
      return writePlain(writing, input, layer);
  }
}

type PlainLayer = Extract<
  Layer,
  {
    op:
      | 'conv2d'
      | 'depthwise'
      | 'maskColumns'
      | 'maxPool'
      | 'columns'
      | 'averageRows'
      | 'asRow'
      | 'exchange'
      | 'dense';
  }
>;

function writePlain(writing: Writing, input: Value, layer: PlainLayer): Value {
  const { model } = writing;
  switch (layer.op) {
    case 'conv2d':
      return convolution(model, input, layer);
    case 'depthwise':
      return depthwise(model, input, layer);
    case 'maskColumns':
      return maskedColumns(writing, input, layer.columnPx);
    case 'maxPool':
      return model.add('MaxPool', [input], { kernel_shape: layer.size, strides: layer.size });
    case 'columns': {
      const columns = model.add('Transpose', [input], { perm: [0, 3, 2, 1] });
      return model.add('Reshape', [columns, model.integers([0, 0, layer.features])]);
    }
    case 'averageRows':
      return exchanged(model, model.add('ReduceMean', [input], { axes: [2], keepdims: 0 }));
    case 'asRow':
      return model.add('Unsqueeze', [exchanged(model, input), model.integers([2])]);
    case 'exchange':
      return exchanged(model, input);
    case 'dense': {
      const product = model.add('MatMul', [input, model.weight('kernel', layer.kernel, 1)]);
      return rectified(model, model.add('Add', [product, model.exact('bias', layer.bias)]), layer.relu);
    }
  }
}

function exchanged(model: OnnxModel, x: Value): Value {
  return model.add('Transpose', [x], { perm: [0, 2, 1] });
}

function rectified(model: OnnxModel, value: Value, relu: boolean): Value {
  return relu ? model.add('Relu', [value]) : value;
}

function convolution(
  model: OnnxModel,
  input: Value,
  { filter, norm, relu }: Extract<Layer, { op: 'conv2d' }>,
): Value {
  const folded = norm === undefined ? { filter } : foldedConvolution(filter, norm);
  const weights = [
    model.weight('filter', channelsFirst(folded.filter), 0),
    ...('bias' in folded ? [model.exact('bias', folded.bias)] : []),
  ];
  return rectified(model, model.add('Conv', [input, ...weights], sameSize(filter)), relu);
}

function depthwise(
  model: OnnxModel,
  input: Value,
  { filter, relu }: { filter: Weight; relu: boolean },
): Value {
  const weights = model.weight('filter', depthwiseFirst(filter), -1);
  const attributes = { ...sameSize(filter), group: filter.shape[2]! };
  return rectified(model, model.add('Conv', [input, weights], attributes), relu);
}

/** Zeros around a picture, so that it stays as large as it is. */
function sameSize({ shape }: Weight): { kernel_shape: number[]; pads: number[] } {
  const [height, width] = shape as [number, number];
  const [above, before] = [(height - 1) >> 1, (width - 1) >> 1];
  return {
    kernel_shape: [height, width],
    pads: [above, before, height - 1 - above, width - 1 - before],
  };
}

/** Zero beyond each image's own columns: steps * stepPx / columnPx of them. */
function maskedColumns(writing: Writing, input: Value, columnPx: number): Value {
  const { model, graph, steps } = writing;
  if (steps === undefined || graph.stepPx === undefined) return input;
  const each = graph.stepPx / columnPx;
  const filled = filledPlaces({ ...writing, steps }, { x: input, axis: 3, each, type: 'float32' });
  return model.add('Mul', [input, model.add('Unsqueeze', [filled, model.integers([1, 2])])]);
}
