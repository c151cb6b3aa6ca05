import type { Layer, Weight } from './layer-graph.js';

/** Places of reset, update and new among the gates in ONNX's order, which is update, reset, new. */
const ONNX_GATES = [1, 0, 2] as const;

type GruLayer = Extract<Layer, { op: 'gru' }>;

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

/** [rows, columns] -> [columns, rows]. */
export function transposed({ shape, values }: Weight): Weight {
  const [rows, columns] = shape as [number, number];
  const moved = new Float32Array(values.length);
  values.forEach((value, index) => {
    moved[(index % columns) * rows + Math.floor(index / columns)] = value;
  });
  return { shape: [columns, rows], values: moved };
}

/** The weights of both directions with the gates in ONNX's order: kernels [in, 3 * units] each, biases [2, 6 * units]. */
export function gruWeights(layer: GruLayer): {
  kernels: Weight[];
  recurrentKernels: Weight[];
  biases: Weight;
} {
  const units = layer.recurrentKernel.shape[1]!;
  const ordered = (weight: Weight, start: number, rows: { first: number; count: number }): Weight =>
    gateColumns(weight, { units, start, ...rows });
  const features = layer.kernel.shape[0]!;
  const each = [0, 1].map((direction) => ({
    kernel: ordered(layer.kernel, 3 * units * direction, { first: 0, count: features }),
    recurrent: ordered(layer.recurrentKernel, 0, { first: direction * units, count: units }),
    bias: ordered(layer.bias, 3 * units * direction, { first: 0, count: 1 }),
    recurrentBias: ordered(layer.recurrentBias, 0, { first: direction, count: 1 }),
  }));
  const biases = each.flatMap(({ bias, recurrentBias }) => [...bias.values, ...recurrentBias.values]);
  return {
    kernels: each.map(({ kernel }) => kernel),
    recurrentKernels: each.map(({ recurrent }) => recurrent),
    biases: { shape: [2, 6 * units], values: Float32Array.from(biases) },
  };
}

/** Some rows of a weight, and of each the three gates that begin at column `start`, in ONNX's order. */
function gateColumns(
  { shape, values }: Weight,
  part: { units: number; start: number; first: number; count: number },
): Weight {
  const { units, start, first, count } = part;
  const width = shape.at(-1)!;
  const chosen = new Float32Array(count * 3 * units);
  for (let row = 0; row < count; row += 1) {
    ONNX_GATES.forEach((gate, place) => {
      const from = (first + row) * width + start + gate * units;
      chosen.set(values.subarray(from, from + units), (row * 3 + place) * units);
    });
  }
  return { shape: [count, 3 * units], values: chosen };
}
