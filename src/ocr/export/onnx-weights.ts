import type { GruLayer, LstmLayer, Weight } from './layer-graph.js';

/** Places of ONNX's gates among ours: update, reset, new of reset, update, new; input, output, forget, candidate of input, forget, candidate, output. */
const GATES = { gru: [1, 0, 2], lstm: [0, 3, 1, 2] } as const;

/** A filter [height, width, in, out] as ONNX has it: [out, in, height, width]. */
export function channelsFirst({ shape, values }: Weight): Weight {
  const [height, width, inputs, outputs] = shape as [number, number, number, number];
  const moved = new Float32Array(values.length);
  values.forEach((value, index) => {
    const output = index % outputs;
    const input = Math.floor(index / outputs) % inputs;
    const place = Math.floor(index / (outputs * inputs));
    moved[(output * inputs + input) * height * width + place] = value;
  });
  return { shape: [outputs, inputs, height, width], values: moved };
}

/** A filter of each channel alone, [height, width, channels, 1], as ONNX has it: [channels, 1, height, width]. */
export function depthwiseFirst({ shape, values }: Weight): Weight {
  const [height, width, channels] = shape as [number, number, number, number];
  const { values: moved } = channelsFirst({ shape: [height, width, 1, channels], values });
  return { shape: [channels, 1, height, width], values: moved };
}

/** [.., rows, columns] -> [.., columns, rows]. */
function transposed({ shape, values }: Weight): Weight {
  const [rows, columns] = shape.slice(-2) as [number, number];
  const moved = new Float32Array(values.length);
  values.forEach((value, index) => {
    const matrix = index - (index % (rows * columns));
    const [row, column] = [Math.floor((index - matrix) / columns), index % columns];
    moved[matrix + column * rows + row] = value;
  });
  return { shape: [...shape.slice(0, -2), columns, rows], values: moved };
}

/**
 * The weights of a recurrent layer in ONNX's order of gates: kernel [directions * gates * units, features], for the directions
 * one on the other; recurrent kernel [directions, gates * units, units]; biases [directions, 2 * gates * units].
 */
export function recurrentWeights(layer: GruLayer | LstmLayer): {
  kernel: Weight;
  recurrentKernel: Weight;
  biases: Weight;
} {
  const [directions, units, width] = layer.recurrentKernel.shape as [number, number, number];
  const ordered = (weight: Weight): Weight => gatesOrdered(weight, { gates: GATES[layer.op], units });
  const bias = ordered(layer.bias).values;
  const second =
    layer.op === 'gru' ? ordered(layer.recurrentBias).values : new Float32Array(directions * width);
  const biases = Array.from({ length: directions }, (_, direction) => {
    const [from, to] = [direction * width, (direction + 1) * width];
    return [...bias.subarray(from, to), ...second.subarray(from, to)];
  });
  return {
    kernel: transposed(ordered(layer.kernel)),
    recurrentKernel: transposed(ordered(layer.recurrentKernel)),
    biases: { shape: [directions, 2 * width], values: Float32Array.from(biases.flat()) },
  };
}

/** The last axis, groups of gates of `units` each, with the gates of each group in another order. */
function gatesOrdered(
  { shape, values }: Weight,
  { gates, units }: { gates: readonly number[]; units: number },
): Weight {
  const moved = new Float32Array(values.length);
  for (let at = 0; at < values.length; at += units) {
    const block = at / units;
    const place = block % gates.length;
    const from = (block - place + gates[place]!) * units;
    moved.set(values.subarray(from, from + units), at);
  }
  return { shape, values: moved };
}
