// Our LSTM and CTC loss on native TensorFlow against its own ops BlockLSTMV2 and CTCLoss, which tfjs does not expose: values with
// gradients, how far they differ, CPU and wall time. usage: OCRPIPE_TENSORFLOW_DIR=… node bench/native-ops/run.mjs
// after: node scripts/build-modules.mjs. TF_NUM_INTRAOP_THREADS says how many threads TensorFlow has.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { openBackend } from '../../.cache/modules/ocr/nn/backend.js';
import { ctcLoss } from '../../.cache/modules/ocr/nn/ctc-loss.js';
import { lstm } from '../../.cache/modules/ocr/nn/lstm.js';

const ROUNDS = 15;
await openBackend('tensorflow');
const backend = tf.backend();
const { binding } = backend;
const packages = createRequire(join(process.env.OCRPIPE_TENSORFLOW_DIR, 'resolve.js'));
const { Int64Scalar, encodeInt32ArrayAsInt64 } = packages('@tensorflow/tfjs-node/dist/int64_tensors.js');
const FLOAT = { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
const flag = (name, value) => ({ name, type: binding.TF_ATTR_BOOL, value });

function lstmCase() {
  const [batch, time, features, units] = [32, 32, 128, 128];
  const x = tf.randomNormal([batch, time, features]);
  const kernel = tf.randomNormal([features, 8 * units], 0, 0.1);
  const recurrentKernel = tf.randomNormal([2, units, 4 * units], 0, 0.1);
  const bias = tf.zeros([8 * units]);
  const ours = () => {
    const layer = (input, a, b, c) => lstm(input, { kernel: a, bias: b, recurrentKernel: c });
    const dy = tf.ones([batch, time, 2 * units]);
    const { value, grads } = tf.valueAndGrads(layer)([x, kernel, bias, recurrentKernel], dy);
    return [value, ...grads];
  };
  const direction = (input, at) => {
    const own = tf.slice(kernel, [0, at * 4 * units], [features, 4 * units]);
    const weights = tf.concat([own, tf.squeeze(tf.slice(recurrentKernel, [at, 0, 0], [1, -1, -1]), [0])], 0);
    const [state, peephole, none] = [tf.zeros([batch, units]), tf.zeros([units]), tf.zeros([4 * units])];
    const given = [new Int64Scalar(time), input, state, state, weights, peephole, peephole, peephole, none];
    const peepholes = flag('use_peephole', false);
    const clip = { name: 'cell_clip', type: binding.TF_ATTR_FLOAT, value: 0 };
    const forward = backend.executeMultipleOutputs('BlockLSTMV2', [clip, peepholes, FLOAT], given, 7);
    const dy = [tf.zerosLike(forward[1]), tf.onesLike(forward[6])];
    const all = [...given, ...forward, ...dy];
    const gradients = backend.executeMultipleOutputs('BlockLSTMGradV2', [peepholes, FLOAT], all, 8);
    return { y: forward[6], dx: gradients[0], rest: gradients.slice(1) };
  };
  const native = () => {
    const steps = tf.transpose(x, [1, 0, 2]);
    const [one, two] = [direction(steps, 0), direction(tf.reverse(steps, 0), 1)];
    const y = tf.transpose(tf.concat([one.y, tf.reverse(two.y, 0)], 2), [1, 0, 2]);
    const dx = tf.transpose(tf.add(one.dx, tf.reverse(two.dx, 0)), [1, 0, 2]);
    return [y, dx, ...one.rest, ...two.rest];
  };
  return { name: `bidirectional LSTM [${batch}, ${time}, ${features}], ${units} units`, ours, native };
}

function int64Tensor(values, shape) {
  const id = binding.createTensor(shape, binding.TF_INT64, encodeInt32ArrayAsInt64(Int32Array.from(values)));
  const dataId = {};
  backend.tensorMap.set(dataId, { shape, dtype: binding.TF_INT64, values: null, id, refCount: 1 });
  return { dataId, shape, dtype: 'int32' };
}

function ctcCase(time, classes, length) {
  const batch = 32;
  const logits = tf.randomNormal([batch, time, classes], 0, 4);
  const labels = Array.from({ length: batch }, (_, b) =>
    Array.from({ length }, (_unused, i) => (b * 7 + i * i) % (classes - 1)),
  );
  const ours = () => {
    const loss = (input) => ctcLoss(input, { labels, reduction: 'sum' }).loss;
    const { value, grad } = tf.valueAndGrad(loss)(logits);
    return [value, grad];
  };
  const indices = labels.flatMap((label, b) => label.flatMap((_, i) => [b, i]));
  const attributes = [
    flag('preprocess_collapse_repeated', false),
    flag('ctc_merge_repeated', true),
    flag('ignore_longer_outputs_than_inputs', true),
    FLOAT,
  ];
  const native = () => {
    const places = int64Tensor(indices, [batch * length, 2]);
    const classesOf = tf.tensor1d(labels.flat(), 'int32');
    const inputs = [tf.transpose(logits, [1, 0, 2]), places, classesOf, tf.fill([batch], time, 'int32')];
    const [losses, gradient] = backend.executeMultipleOutputs('CTCLoss', attributes, inputs, 2);
    backend.disposeData(places.dataId);
    return [tf.sum(losses), tf.transpose(gradient, [1, 0, 2])];
  };
  return {
    name: `CTC [${batch}, ${time}, ${classes}], labels of ${length}, with its gradient`,
    ours,
    native,
  };
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

async function timed(run) {
  const [cpu, wall] = [[], []];
  for (let round = -3; round < ROUNDS; round++) {
    const [used, start] = [process.cpuUsage(), performance.now()];
    const results = tf.tidy(run);
    await Promise.all(results.slice(0, 2).map((tensor) => tensor.data()));
    const { user, system } = process.cpuUsage(used);
    tf.dispose(results);
    if (round < 0) continue;
    cpu.push((user + system) / 1000);
    wall.push(performance.now() - start);
  }
  return { cpuMs: Number(median(cpu).toFixed(1)), wallMs: Number(median(wall).toFixed(1)) };
}

async function difference(ours, native) {
  const [a, b] = [await tf.tidy(ours)[1].data(), await tf.tidy(native)[1].data()];
  let [most, largest] = [0, 0];
  a.forEach((value, i) => {
    most = Math.max(most, Math.abs(value - b[i]));
    largest = Math.max(largest, Math.abs(value));
  });
  return (most / largest).toExponential(1);
}

const rows = [];
for (const { name, ours, native } of [lstmCase(), ctcCase(40, 71, 7), ctcCase(400, 90, 150)]) {
  const gradientsDiffer = await difference(ours, native);
  rows.push({ name, who: 'ours', ...(await timed(ours)), gradientsDiffer });
  rows.push({ name, who: 'TensorFlow', ...(await timed(native)), gradientsDiffer });
}
console.table(rows);
