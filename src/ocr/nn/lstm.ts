import * as tf from '@tensorflow/tfjs-core';
import { LSTM, LSTM_GRADIENT } from './kernels/kernel-names.js';
import { hasKernel, runKernel } from './kernels/own-kernel.js';
import { matMulPanels } from './panels.js';
import type { ScanPanels } from './recurrent.js';
import { stepMasks } from './step-masks.js';

/**
 * The weights of a long short-term memory of `units` cells a direction, in one direction or two; the second runs backwards.
 * Gates stand in PyTorch's order: input, forget, candidate, output. There is one bias where PyTorch adds two.
 */
export interface LstmWeights {
  /** [features, directions·4·units] */
  kernel: tf.Tensor2D;
  /** [directions·4·units] */
  bias: tf.Tensor1D;
  /** [directions, units, 4·units] */
  recurrentKernel: tf.Tensor3D;
  panels?: ScanPanels | undefined;
}

/**
 * Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000):
 * i, f, o = σ(x·W + h·U + b), g = tanh(x·Wg + h·Ug + bg), c' = f ∘ c + i ∘ g, h' = o ∘ tanh(c').
 *
 * @param inputs [batch, time, features]
 * @param lengths time steps of each item that count; outputs beyond are 0 and each item's backward direction starts at its own end
 * @returns [batch, time, directions·units], forward states first
 */
export function lstm(inputs: tf.Tensor3D, weights: LstmWeights, lengths?: ArrayLike<number>): tf.Tensor3D {
  return tf.tidy(() => {
    const { recurrentKernel, panels } = weights;
    const [batch, time, features] = inputs.shape;
    const [directions, units] = recurrentKernel.shape;
    const flat: tf.Tensor2D = tf.reshape(inputs, [batch * time, features]);
    const product = tf.add(matMulPanels(flat, weights.kernel, panels?.kernel), weights.bias);
    const gates: tf.Tensor4D = tf.reshape(product, [batch, time, directions, 4 * units]);
    if (!hasKernel(LSTM)) return plainScan(gates, recurrentKernel, lengths);
    const steps = lengths === undefined ? undefined : tf.tensor1d(Array.from(lengths), 'int32');
    if (panels === undefined) return fusedScan(gates, recurrentKernel, steps);
    const given = { gates, recurrentKernel, lengths: steps, panels: panels.recurrentKernel };
    return runKernel(LSTM, given)[0] as tf.Tensor3D;
  });
}

/** The scan as one kernel forward and one backward. */
function fusedScan(gates: tf.Tensor4D, kernel: tf.Tensor3D, steps: tf.Tensor1D | undefined): tf.Tensor3D {
  const scan = tf.customGrad((...values) => {
    const [input, recurrentKernel] = values as unknown as [tf.Tensor, tf.Tensor];
    const save = values[2] as unknown as tf.GradSaveFunc;
    const [outputs, saved] = runKernel(LSTM, { gates: input, recurrentKernel, lengths: steps }) as [
      tf.Tensor,
      tf.Tensor,
    ];
    save([recurrentKernel, outputs, saved, ...(steps === undefined ? [] : [steps])]);
    return { value: outputs, gradFunc: (dy, kept) => scanGradient(dy, kept) };
  });
  return scan(gates, kernel) as tf.Tensor3D;
}

function scanGradient(dy: tf.Tensor, kept: tf.Tensor[]): tf.Tensor[] {
  const [recurrentKernel, outputs, saved, lengths] = kept;
  return runKernel(LSTM_GRADIENT, { dy, recurrentKernel, outputs, saved, lengths });
}

/** The scan over time in plain ops: gates [batch, time, directions, 4·units] are the inputs' share. */
function plainScan(
  gates: tf.Tensor4D,
  recurrentKernel: tf.Tensor3D,
  lengths?: ArrayLike<number>,
): tf.Tensor3D {
  const [batch, time, directions, width] = gates.shape;
  // tfjs 4.22 cannot differentiate an unstack into a single tensor.
  const steps = (time === 1 ? [tf.squeeze(gates, [1])] : tf.unstack(gates, 1)) as tf.Tensor3D[];
  const masks = lengths === undefined ? undefined : stepMasks(lengths, batch, time);
  const outputs = Array.from({ length: directions }, (_, direction) => {
    const kernel = tf.reshape(tf.slice(recurrentKernel, [direction, 0, 0], [1, -1, -1]), [-1, width]);
    let state = tf.zeros<tf.Rank.R2>([batch, width / 4]);
    let cell = state;
    const states = new Array<tf.Tensor2D>(time);
    for (let i = 0; i < time; i++) {
      const t = direction === 0 ? i : time - 1 - i;
      const input = tf.reshape(tf.slice(steps[t]!, [0, direction, 0], [-1, 1, -1]), [batch, width]);
      const next = lstmCell(tf.add(tf.matMul(state, kernel as tf.Tensor2D), input), cell);
      state = masks === undefined ? next.state : tf.mul(next.state, masks[t]!);
      cell = masks === undefined ? next.cell : tf.mul(next.cell, masks[t]!);
      states[t] = state;
    }
    return tf.stack(states, 1);
  });
  return (outputs.length === 1 ? outputs[0]! : tf.concat(outputs, 2)) as tf.Tensor3D;
}

function lstmCell(sums: tf.Tensor2D, before: tf.Tensor2D): { state: tf.Tensor2D; cell: tf.Tensor2D } {
  const [input, forget, candidate, output] = tf.split(sums, 4, 1) as [
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
  ];
  const cell = tf.add<tf.Tensor2D>(
    tf.mul(tf.sigmoid(forget), before),
    tf.mul(tf.sigmoid(input), tf.tanh(candidate)),
  );
  return { state: tf.mul(tf.sigmoid(output), tf.tanh(cell)), cell };
}
