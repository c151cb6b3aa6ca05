import type { Layer, LayerGraph, Weight } from './layer-graph.js';
import { channelsFirst, gruWeights, transposed } from './onnx-weights.js';
import { DATA_TYPES, type OnnxModel, type Value } from './onnx-model.js';

export const IMAGES = 'images';
export const STEPS = 'steps';
export const LOGITS = 'logits';

/** What the layers of a graph are written with. Pictures are [batch, channels, height, width] here, as ONNX has them. */
interface Writing {
  model: OnnxModel;
  graph: LayerGraph;
  /** The time steps of each image, 64 bits. */
  steps: Value;
}

/** Writes the layers of a network; the last one's result is named `logits`. */
export function writeOnnxLayers(model: OnnxModel, graph: LayerGraph): void {
  const steps = model.add('Cast', [STEPS], { to: DATA_TYPES.int64 });
  const values: Value[] = [];
  for (const layer of graph.layers) values.push(writeLayer({ model, graph, steps }, layer, values));
  model.addNamed(LOGITS, 'Identity', { inputs: [values.at(-1)!] });
}

function writeLayer(writing: Writing, layer: Layer, values: readonly Value[]): Value {
  if (layer.op === 'images') return IMAGES;
  const { model } = writing;
  const input = values[layer.input]!;
  switch (layer.op) {
    case 'conv2d':
      return convolution(model, input, layer);
    case 'maskColumns':
      return maskedColumns(writing, input, layer.columnPx);
    case 'maxPool':
      return model.add('MaxPool', [input], { kernel_shape: layer.size, strides: layer.size });
    case 'columns': {
      const columns = model.add('Transpose', [input], { perm: [0, 3, 2, 1] });
      return model.add('Reshape', [columns, model.integers([0, 0, layer.features])]);
    }
    case 'dense':
      return dense(model, input, layer);
    case 'gru':
      return gru(writing, input, layer);
  }
}

function rectified(model: OnnxModel, value: Value, relu: boolean): Value {
  return relu ? model.add('Relu', [value]) : value;
}

function convolution(
  model: OnnxModel,
  input: Value,
  { filter, bias, relu }: { filter: Weight; bias: Weight; relu: boolean },
): Value {
  const [height, width] = filter.shape as [number, number];
  const [above, before] = [(height - 1) >> 1, (width - 1) >> 1];
  const weights = model.weight(channelsFirst(filter), 0);
  const attributes = {
    kernel_shape: [height, width],
    pads: [above, before, height - 1 - above, width - 1 - before],
  };
  return rectified(model, model.add('Conv', [input, weights, model.exact(bias)], attributes), relu);
}

/** Zero beyond each image's own columns: steps * stepPx / columnPx of them. */
function maskedColumns({ model, graph, steps }: Writing, input: Value, columnPx: number): Value {
  const width = model.add('Squeeze', [model.add('Shape', [input], { start: 3, end: 4 })]);
  const columns = model.add('Range', [model.integers(0), width, model.integers(1)]);
  const filled = model.add('Mul', [steps, model.integers(graph.stepPx / columnPx)]);
  const each = model.add('Unsqueeze', [filled, model.integers([1, 2, 3])]);
  const inside = model.add('Less', [columns, each]);
  return model.add('Mul', [input, model.add('Cast', [inside], { to: DATA_TYPES.float32 })]);
}

function dense(
  model: OnnxModel,
  input: Value,
  { kernel, bias, relu }: { kernel: Weight; bias: Weight; relu: boolean },
): Value {
  const product = model.add('MatMul', [input, model.weight(kernel, 1)]);
  return rectified(model, model.add('Add', [product, model.exact(bias)]), relu);
}

/** ONNX's GRU wants [time, batch, features] and gives [time, 2, batch, units]; beyond an image's steps it gives zeros. */
function gru({ model, steps }: Writing, input: Value, layer: Extract<Layer, { op: 'gru' }>): Value {
  const units = layer.recurrentKernel.shape[1]!;
  const { kernels, recurrentKernels, biases } = gruWeights(layer);
  const lengths = model.add('Cast', [steps], { to: DATA_TYPES.int32 });
  const inputs = [
    model.add('Transpose', [input], { perm: [1, 0, 2] }),
    bothDirections(model, kernels.map(transposed)),
    bothDirections(model, recurrentKernels.map(transposed)),
    model.exact(biases),
    lengths,
  ];
  const attributes = { hidden_size: units, linear_before_reset: 1, direction: 'bidirectional' };
  const states = model.add('GRU', inputs, attributes);
  const byItem = model.add('Transpose', [states], { perm: [2, 0, 1, 3] });
  return model.add('Reshape', [byItem, model.integers([0, 0, 2 * units])]);
}

/** The two directions, [units, features] each, one on the other. */
function bothDirections(model: OnnxModel, directions: readonly Weight[]): Value {
  const parts = directions.map((weight) =>
    model.add('Unsqueeze', [model.weight(weight, 0), model.integers([0])]),
  );
  return model.add('Concat', parts, { axis: 0 });
}
