// One training step of the CRNN that all measurements share: convolutions 32-64-128-128 (3x3, bias, ReLU), pooling
// 2x2, 2x2, none, 2x1, a bidirectional GRU of 128 cells, a dense layer, CTC loss, Adam. Input [batch, 32, width, 1].
import * as tf from '@tensorflow/tfjs-core';

export const CLASSES = 71;
export const LABEL_LENGTH = 7;
export const UNITS = 128;
const CHANNELS = [32, 64, 128, 128];
const POOLS = [[2, 2], [2, 2], undefined, [2, 1]];

/** Deterministic numbers in −0.5..0.5, the same in every implementation. */
export function numbers(count, salt) {
  const values = new Float32Array(count);
  let state = (salt * 2654435761) >>> 0;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = state / 4294967296 - 0.5;
  }
  return values;
}

export function makeVariables() {
  let salt = 1;
  const variable = (shape, fanIn) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const scale = Math.sqrt(12 / fanIn);
    return tf.variable(
      tf.tensor(
        numbers(size, salt++).map((value) => value * scale),
        shape,
      ),
    );
  };
  const variables = {};
  let inChannels = 1;
  CHANNELS.forEach((channels, i) => {
    variables[`filter${i}`] = variable([3, 3, inChannels, channels], 9 * inChannels);
    variables[`bias${i}`] = tf.variable(tf.zeros([channels]));
    inChannels = channels;
  });
  const features = 4 * inChannels;
  variables.kernel = variable([features, 6 * UNITS], 2 * features);
  variables.gruBias = tf.variable(tf.zeros([6 * UNITS]));
  variables.recurrentKernel = variable([2, UNITS, 3 * UNITS], 2 * UNITS);
  variables.recurrentBias = tf.variable(tf.zeros([2, 3 * UNITS]));
  variables.outKernel = variable([2 * UNITS, CLASSES], 4 * UNITS);
  variables.outBias = tf.variable(tf.zeros([CLASSES]));
  return variables;
}

/** Images [batch, 32, width, 1] and labels for one step. */
export function makeBatch(batch, width) {
  const images = tf.tensor(numbers(batch * 32 * width, 99), [batch, 32, width, 1]);
  const labels = Array.from({ length: batch }, (_, b) =>
    Array.from({ length: LABEL_LENGTH }, (_unused, i) => (b * 7 + i * 3) % (CLASSES - 1)),
  );
  return { images, labels };
}

/** `nn` holds the layers under test: conv2d, maxPool2d, bidirectionalGru, dense, ctcLoss. */
export function lossOf(nn, variables, { images, labels }) {
  return tf.tidy(() => {
    let x = images;
    CHANNELS.forEach((_, i) => {
      x = nn.conv2d(x, variables[`filter${i}`], { bias: variables[`bias${i}`], activation: 'relu' });
      const pool = POOLS[i];
      if (pool !== undefined) x = nn.maxPool2d(x, pool);
    });
    const [batch, height, width, channels] = x.shape;
    const sequence = tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [batch, width, height * channels]);
    const { kernel, gruBias: bias, recurrentKernel, recurrentBias } = variables;
    const states = nn.bidirectionalGru(sequence, { kernel, bias, recurrentKernel, recurrentBias });
    const logits = nn.dense(states, variables.outKernel, { bias: variables.outBias });
    return nn.ctcLoss(logits, { labels }).loss;
  });
}

/** One step; the loss is read, as a training loop does. */
export async function trainStep(nn, variables, data, adam) {
  const { value, grads } = tf.variableGrads(() => lossOf(nn, variables, data));
  const named = Object.fromEntries(
    Object.entries(variables).map(([name, variable]) => [name, grads[variable.name]]),
  );
  await adam.apply(variables, named, 1e-3);
  const loss = (await value.data())[0];
  tf.dispose([value, grads]);
  return loss;
}
