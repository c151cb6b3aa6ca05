import * as tf from '@tensorflow/tfjs-core';
import { GRU, GRU_GRADIENT, GRU_READING } from './kernels/kernel-names.js';
import { hasKernel, runKernel } from './kernels/own-kernel.js';
import { matMulPanels } from './panels.js';
import { stepMasks } from './step-masks.js';

/**
 * The weights of a bidirectional GRU of `units` cells a direction. Gates stand in PyTorch's order: reset, update, new.
 * The first half of each doubled axis belongs to the forward direction.
 */
export interface GruWeights {
  /** [features, 2·3·units]: forward reset, update, new; then backward. */
  kernel: tf.Tensor2D;
  /** [2·3·units] */
  bias: tf.Tensor1D;
  /** [2, units, 3·units] */
  recurrentKernel: tf.Tensor3D;
  /** [2, 3·units] */
  recurrentBias: tf.Tensor2D;
  panels?: ScanPanels | undefined;
}

/** The matrices of a recurrent layer as `packMatrix` packs them, for weights that do not change: no gradient flows then. */
export interface ScanPanels {
  kernel: tf.Tensor | undefined;
  recurrentKernel: tf.Tensor | undefined;
}

/**
 * Bidirectional gated recurrent unit, the reset gate applied after the recurrent product (Cho et al. 2014, in the form of
 * cuDNN and PyTorch):
 * r = σ(x·Wr + br + h·Ur + cr), z = σ(x·Wz + bz + h·Uz + cz), n = tanh(x·Wn + bn + r ∘ (h·Un + cn)), h' = (1−z) ∘ n + z ∘ h.
 *
 * @param inputs [batch, time, features]
 * @param lengths time steps of each item that count; outputs beyond are 0 and each item's backward direction starts at its own end
 * @returns [batch, time, 2·units], forward states first
 */
export function bidirectionalGru(
  inputs: tf.Tensor3D,
  weights: GruWeights,
  lengths?: ArrayLike<number>,
): tf.Tensor3D {
  return tf.tidy(() => {
    const { panels } = weights;
    const [batch, time, features] = inputs.shape;
    const units = weights.recurrentKernel.shape[1];
    const flat: tf.Tensor2D = tf.reshape(inputs, [batch * time, features]);
    const product = tf.add(matMulPanels(flat, weights.kernel, panels?.kernel), weights.bias);
    const gates: tf.Tensor4D = tf.reshape(product, [batch, time, 2, 3 * units]);
    if (!hasKernel(GRU)) return plainScan(gates, weights, lengths);
    const steps = lengths === undefined ? undefined : tf.tensor1d(Array.from(lengths), 'int32');
    return panels ? readingScan(gates, weights, { steps, panels }) : fusedScan(gates, weights, steps);
  });
}

/** The scan as one kernel, with nothing kept for gradients. */
function readingScan(
  gates: tf.Tensor4D,
  { recurrentKernel, recurrentBias }: GruWeights,
  { steps, panels }: { steps: tf.Tensor1D | undefined; panels: ScanPanels },
): tf.Tensor3D {
  const inputs = { gates, recurrentKernel, recurrentBias, lengths: steps, panels: panels.recurrentKernel };
  return runKernel(GRU_READING, inputs)[0] as tf.Tensor3D;
}

/** The scan as one kernel forward and one backward. */
function fusedScan(gates: tf.Tensor4D, weights: GruWeights, steps: tf.Tensor1D | undefined): tf.Tensor3D {
  const scan = tf.customGrad((...values) => {
    const [input, recurrentKernel, recurrentBias] = values as unknown as [tf.Tensor, tf.Tensor, tf.Tensor];
    const save = values[3] as unknown as tf.GradSaveFunc;
    const inputs = { gates: input, recurrentKernel, recurrentBias, lengths: steps };
    const [outputs, saved] = runKernel(GRU, inputs) as [tf.Tensor, tf.Tensor];
    save([recurrentKernel, outputs, saved, ...(steps === undefined ? [] : [steps])]);
    return { value: outputs, gradFunc: (dy, kept) => scanGradient(dy, kept) };
  });
  return scan(gates, weights.recurrentKernel, weights.recurrentBias) as tf.Tensor3D;
}

function scanGradient(dy: tf.Tensor, kept: tf.Tensor[]): tf.Tensor[] {
  const [recurrentKernel, outputs, saved, lengths] = kept;
  return runKernel(GRU_GRADIENT, { dy, recurrentKernel, outputs, saved, lengths });
}

/** The scan over time in plain ops: gates [batch, time, 2, 3·units] are the inputs' share. */
function plainScan(gates: tf.Tensor4D, weights: GruWeights, lengths?: ArrayLike<number>): tf.Tensor3D {
  const [batch, time, , width] = gates.shape;
  // tfjs 4.22 cannot differentiate an unstack into a single tensor.
  const steps = (time === 1 ? [tf.squeeze(gates, [1])] : tf.unstack(gates, 1)) as tf.Tensor3D[];
  const masks = lengths === undefined ? undefined : stepMasks(lengths, batch, time);
  const outputs = [0, 1].map((direction) => {
    const kernel = tf.reshape(tf.slice(weights.recurrentKernel, [direction, 0, 0], [1, -1, -1]), [-1, width]);
    const bias = tf.reshape(tf.slice(weights.recurrentBias, [direction, 0], [1, -1]), [width]);
    let state = tf.zeros<tf.Rank.R2>([batch, width / 3]);
    const states = new Array<tf.Tensor2D>(time);
    for (let i = 0; i < time; i++) {
      const t = direction === 0 ? i : time - 1 - i;
      const input = tf.reshape(tf.slice(steps[t]!, [0, direction, 0], [-1, 1, -1]), [batch, width]);
      const hidden = tf.add(tf.matMul(state, kernel as tf.Tensor2D), bias);
      const next = gruCell(input as tf.Tensor2D, hidden as tf.Tensor2D, state);
      state = masks === undefined ? next : tf.mul(next, masks[t]!);
      states[t] = state;
    }
    return tf.stack(states, 1);
  });
  return tf.concat(outputs, 2) as tf.Tensor3D;
}

/** One step: the inputs' share and the states' share of the gates, each [batch, 3·units], and the state before. */
export function gruCell(input: tf.Tensor2D, hidden: tf.Tensor2D, state: tf.Tensor2D): tf.Tensor2D {
  const [inputReset, inputUpdate, inputNew] = tf.split(input, 3, 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
  const [hiddenReset, hiddenUpdate, hiddenNew] = tf.split(hidden, 3, 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
  const reset = tf.sigmoid(tf.add(inputReset, hiddenReset));
  const update = tf.sigmoid(tf.add(inputUpdate, hiddenUpdate));
  const candidate = tf.tanh(tf.add(inputNew, tf.mul(reset, hiddenNew)));
  return tf.add(candidate, tf.mul(update, tf.sub(state, candidate)));
}
