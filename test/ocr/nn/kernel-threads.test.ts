import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { threadProgram } from '../../../src/base/package-root.js';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { batchNormTraining } from '../../../src/ocr/nn/batch-norm.js';
import { cutRanges } from '../../../src/ocr/nn/kernels/kernel-context.js';
import { loadKernelModule } from '../../../src/ocr/nn/kernels/kernel-module.js';
import type { KernelWorkerData } from '../../../src/ocr/nn/kernels/kernel-threads.js';
import { registerKernels } from '../../../src/ocr/nn/kernels/register-kernels.js';
import { withSharedMemory } from '../../../src/ocr/nn/kernels/shared-wasm.js';
import { TaskBoard } from '../../../src/ocr/nn/kernels/task-board.js';
import { threadsToUse } from '../../../src/ocr/nn/kernels/threads-to-use.js';
import { conv2d, maxPool2d } from '../../../src/ocr/nn/layers.js';
import { bidirectionalGru } from '../../../src/ocr/nn/recurrent.js';
import fc from '../../rig/fast-check.js';
import { seededTensor } from './support.js';

type Layer = (...inputs: tf.Tensor[]) => tf.Tensor;

/** A layer's value and the gradients of all its inputs, each by the hash of its bytes. */
function everything(layer: Layer, inputs: readonly tf.Tensor[]): string[] {
  const results = tf.tidy(() => [layer(...inputs), ...tf.grads(layer)([...inputs])]);
  const hashes = results.map((tensor) =>
    createHash('sha256').update(tensor.dataSync<'float32'>()).digest('hex'),
  );
  tf.dispose(results);
  return hashes;
}

/** Layers large enough that threads share them, and sizes that no range divides evenly. */
const LAYERS: { name: string; layer: Layer; shapes: number[][] }[] = [
  {
    name: "a convolution by Winograd's method",
    layer: (x, filter, bias) =>
      conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, { bias: bias as tf.Tensor1D, activation: 'relu' }),
    shapes: [[5, 19, 83, 37], [3, 3, 37, 50], [50]],
  },
  {
    name: 'a direct convolution',
    layer: (x, filter, bias) =>
      conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, { bias: bias as tf.Tensor1D, activation: 'relu' }),
    shapes: [[7, 33, 71, 3], [5, 3, 3, 41], [41]],
  },
  {
    name: 'a matrix product',
    layer: (a, b) => tf.matMul(a, b),
    shapes: [
      [301, 203],
      [203, 155],
    ],
  },
  {
    name: 'a matrix product with a transposed factor, for each of a batch',
    layer: (a, b) => tf.matMul(a, b, false, true),
    shapes: [
      [3, 130, 170],
      [3, 190, 170],
    ],
  },
  {
    name: 'pooling',
    layer: (x) => maxPool2d(x as tf.Tensor4D, [2, 2]),
    shapes: [[9, 32, 64, 40]],
  },
  {
    name: 'normalisation of columns that count',
    layer: (x, gamma, beta) =>
      batchNormTraining(
        x as tf.Tensor4D,
        { gamma: gamma as tf.Tensor1D, beta: beta as tf.Tensor1D },
        { columns: [64, 13, 40, 1, 64, 20], activation: 'relu' },
      ).outputs,
    shapes: [[6, 16, 64, 50], [50], [50]],
  },
  {
    name: 'a recurrent layer',
    layer: (x, kernel, bias, recurrentKernel, recurrentBias) =>
      bidirectionalGru(
        x as tf.Tensor3D,
        {
          kernel: kernel as tf.Tensor2D,
          bias: bias as tf.Tensor1D,
          recurrentKernel: recurrentKernel as tf.Tensor3D,
          recurrentBias: recurrentBias as tf.Tensor2D,
        },
        [40, 7, 33],
      ),
    shapes: [[3, 40, 60], [60, 6 * 48], [6 * 48], [2, 48, 3 * 48], [2, 3 * 48]],
  },
];

describe('kernels on several threads', () => {
  beforeAll(async () => {
    await openBackend('wasm');
  });

  it.each(LAYERS)('give the same bits for $name on any number of threads', async ({ layer, shapes }) => {
    const inputs = shapes.map((shape, place) => seededTensor(shape, place + 1));
    await registerKernels(1);
    const alone = everything(layer, inputs);
    for (const threads of [2, 3, 7]) {
      await registerKernels(threads);
      const tensors = tf.memory().numTensors;
      for (let again = 0; again < 3; again++) expect(everything(layer, inputs)).toEqual(alone);
      expect(tf.memory().numTensors).toBe(tensors);
    }
    tf.dispose(inputs);
  });

  it('say how many are used: those that the environment names, else one a core', () => {
    expect(threadsToUse({})).toBe(availableParallelism());
    expect(threadsToUse({ OCRPIPE_THREADS: '3' })).toBe(3);
    for (const wrong of ['0', '-1', '1.5', 'two', '1e3', '65'])
      expect(() => threadsToUse({ OCRPIPE_THREADS: wrong })).toThrow(
        expect.objectContaining({ code: 'bad-threads', exitCode: 2 }),
      );
  });
});

describe('a thread of kernels', () => {
  it('does what stands on the board by itself', async () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
    const loaded = (await loadKernelModule(memory))!;
    const board = new TaskBoard();
    const workerData = { module: loaded.compiled, memory, board: board.buffer, thread: 1 };
    const worker = new Worker(threadProgram('kernel-worker'), {
      workerData: workerData satisfies KernelWorkerData,
    });
    await once(worker, 'online');
    const floats = new Float32Array(memory.buffer);
    floats.set([1, 2, 3, 4, 10, 20, 30, 40]);
    const kernel = Object.keys(loaded.kernels).indexOf('sumParts');
    const half = (first: number, end: number): number[] => [0, 64, 2, 4, first, end];
    board.publish(
      [half(0, 2), half(2, 4)].map((values) => ({ kernel, values })),
      { offset: 0, bytes: 0 },
    );
    expect(board.finish()).toBe(true);
    expect([...floats.subarray(16, 20)]).toEqual([11, 22, 33, 44]);
    board.publish([{ kernel, values: [2 ** 31, 64, 2, 4, 0, 4] }], { offset: 0, bytes: 0 });
    expect(board.finish()).toBe(false);
    await worker.terminate();
  });
});

describe('the ranges of shared work', () => {
  it('cover all of it once, in order, in whole blocks', () => {
    const numbers = fc.record({
      count: fc.integer({ min: 1, max: 5000 }),
      parts: fc.integer({ min: 1, max: 64 }),
      block: fc.constantFrom(1, 4, 16, 48),
    });
    fc.assert(
      fc.property(numbers, ({ count, parts, block }) => {
        const ranges = cutRanges(count, parts, block);
        expect(ranges.length).toBeLessThanOrEqual(parts);
        expect(ranges.map(([first]) => first)).toEqual([0, ...ranges.slice(0, -1).map(([, end]) => end)]);
        expect(ranges.at(-1)![1]).toBe(count);
        for (const [first, end] of ranges) {
          expect(end).toBeGreaterThan(first);
          expect(first % block).toBe(0);
        }
      }),
    );
  });
});

describe('the memory of another module', () => {
  const HEADER = [0, 97, 115, 109, 1, 0, 0, 0];

  it('becomes one that threads can share, and nothing else changes', () => {
    const binary = Uint8Array.from([...HEADER, 5, 4, 1, 1, 1, 16]);
    const shared = withSharedMemory(binary)!;
    expect([...shared]).toEqual([...HEADER, 5, 4, 1, 3, 1, 16]);
    expect(WebAssembly.validate(Uint8Array.from(shared))).toBe(true);
    expect(binary[11]).toBe(1);
  });

  it('stays as it is where it has no limit, or there is none', () => {
    expect(withSharedMemory(Uint8Array.from([...HEADER, 5, 3, 1, 0, 1]))).toBeUndefined();
    expect(withSharedMemory(Uint8Array.from(HEADER))).toBeUndefined();
  });
});
