// Measures training steps on one backend; prints one JSON line. usage: step.mjs BACKEND BATCH WIDTH STEPS [--profile]
import * as tf from '@tensorflow/tfjs-core';
import { adam as adamRule } from '../../.cache/modules/ocr/nn/adam.js';
import { Optimiser } from '../../.cache/modules/ocr/nn/optimiser.js';
import { openBackend } from '../../.cache/modules/ocr/nn/backend.js';
import { ctcLoss } from '../../.cache/modules/ocr/nn/ctc-loss.js';
import { conv2d, dense, maxPool2d } from '../../.cache/modules/ocr/nn/layers.js';
import { bidirectionalGru } from '../../.cache/modules/ocr/nn/recurrent.js';
import { makeBatch, makeVariables, trainStep } from './model.mjs';

const [name, batch, width, steps] = process.argv.slice(2);
const opened = await openBackend(name);
const nn = { conv2d, dense, maxPool2d, bidirectionalGru, ctcLoss };
const variables = makeVariables();
const data = makeBatch(Number(batch), Number(width));
const adam = new Optimiser(adamRule());
const losses = [];
for (let i = 0; i < 3; i++) losses.push(await trainStep(nn, variables, data, adam));
const tensorsBefore = tf.memory().numTensors;
const wall = [];
const cpu = [];
for (let i = 0; i < Number(steps); i++) {
  const usage = process.cpuUsage();
  const start = performance.now();
  losses.push(await trainStep(nn, variables, data, adam));
  wall.push(performance.now() - start);
  const used = process.cpuUsage(usage);
  cpu.push((used.user + used.system) / 1000);
}
const leaked = tf.memory().numTensors - tensorsBefore;
if (process.argv.includes('--profile')) {
  const profile = await tf.profile(() => trainStep(nn, variables, data, adam));
  const byKernel = {};
  for (const { name: kernel, kernelTimeMs } of profile.kernels) {
    const time = await kernelTimeMs;
    byKernel[kernel] = (byKernel[kernel] ?? 0) + (typeof time === 'number' ? time : 0);
  }
  const sorted = Object.entries(byKernel).sort((a, b) => b[1] - a[1]);
  for (const [kernel, time] of sorted) console.error(kernel.padEnd(28), time.toFixed(1));
}
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
console.log(
  JSON.stringify({
    name,
    details: opened.details,
    batch: Number(batch),
    width: Number(width),
    steps: wall.length,
    wallMs: Math.round(median(wall)),
    cpuMs: Math.round(median(cpu)),
    peakMb: Math.round(process.resourceUsage().maxRSS / 1024),
    firstLosses: losses.slice(0, 4),
    leakedTensors: leaked,
  }),
);
