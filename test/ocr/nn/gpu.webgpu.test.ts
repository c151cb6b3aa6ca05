import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { openBackend } from '../../../src/ocr/nn/backend.js';
import { ctcForwardBackward } from '../../../src/ocr/nn/ctc-forward-backward.js';
import { ctcLoss } from '../../../src/ocr/nn/ctc-loss.js';
import { lstm } from '../../../src/ocr/nn/lstm.js';
import { bidirectionalGru } from '../../../src/ocr/nn/recurrent.js';
import { backendsUnderTest, relativeError, seededTensor, seededValues } from './support.js';

const modules = new URL('../../../.cache/modules/ocr/nn/', import.meta.url).href;

/** Runs a program with the backend open, in a process of its own; gives what it printed once it has ended by itself. */
async function program(body: string): Promise<string> {
  const script = `
    const tf = await import('@tensorflow/tfjs-core');
    const { openBackend } = await import('${modules}backend.js');
    await openBackend('webgpu');
    ${body}`;
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    timeout: 60_000,
  });
  return (await run).stdout;
}

/** Values and gradients of one layer on one backend, as plain numbers. */
async function numbersOf(
  layer: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: readonly (readonly [number[], number])[],
): Promise<ArrayLike<number>[]> {
  const { value, grads } = tf.tidy(() =>
    tf.valueAndGrads((...tensors: tf.Tensor[]) => tf.sum(tf.square(layer(...tensors))))(
      inputs.map(([shape, seed]) => tf.mul(seededTensor(shape, seed), 0.3)),
    ),
  );
  const numbers = await Promise.all([value, ...grads].map((tensor) => tensor.data()));
  tf.dispose([value, grads]);
  return numbers;
}

async function compareWithCpu(
  layer: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: readonly (readonly [number[], number])[],
): Promise<void> {
  await openBackend('cpu');
  const expected = await numbersOf(layer, inputs);
  await openBackend('webgpu');
  const actual = await numbersOf(layer, inputs);
  actual.forEach((values, i) => {
    expect(relativeError(values, expected[i]!)).toBeLessThan(1e-4);
  });
}

const { skip } = backendsUnderTest().find(({ name }) => name === 'webgpu')!;

describe.skipIf(skip)(`a GPU${skip === undefined ? '' : ` (${skip})`}`, () => {
  beforeAll(() => openBackend('webgpu'));

  it('computes the CTC loss of long lines as the host does', async () => {
    const [batch, time, classes] = [3, 400, 90];
    const logits = seededValues(batch * time * classes, 5).map((value) => 8 * value);
    const labels = [150, 1, 199].map((length, item) =>
      Array.from({ length }, (_, i) => (i * i + 7 * item) % 89),
    );
    const logitLengths = [400, 250, 399];
    const expected = ctcForwardBackward({ logits, batch, time, classes, labels, logitLengths });
    const options = { labels, logitLengths, reduction: 'sum' } as const;
    const { value, grad } = tf.tidy(() =>
      tf.valueAndGrad((x) => ctcLoss(x as tf.Tensor3D, options).loss)(
        tf.tensor3d(logits, [batch, time, classes]),
      ),
    );
    const sum = expected.losses.reduce((total, loss) => total + loss, 0);
    expect(relativeError(await value.data(), [sum])).toBeLessThan(1e-5);
    expect(relativeError(await grad.data(), expected.gradient)).toBeLessThan(1e-4);
    tf.dispose([value, grad]);
  });

  // More units than a workgroup has threads, and no multiple of them.
  const units = 150;

  it('scans a GRU wider than a workgroup', async () => {
    await compareWithCpu(
      (x, kernel, bias, recurrentKernel, recurrentBias) =>
        bidirectionalGru(x as tf.Tensor3D, { kernel, bias, recurrentKernel, recurrentBias } as never, [9, 4]),
      [
        [[2, 9, 20], 1],
        [[20, 6 * units], 2],
        [[6 * units], 3],
        [[2, units, 3 * units], 4],
        [[2, 3 * units], 5],
      ],
    );
  });

  it('scans an LSTM wider than a workgroup', async () => {
    await compareWithCpu(
      (x, kernel, bias, recurrentKernel) =>
        lstm(x as tf.Tensor3D, { kernel, bias, recurrentKernel } as never, [9, 4]),
      [
        [[2, 9, 20], 1],
        [[20, 8 * units], 2],
        [[8 * units], 3],
        [[2, units, 4 * units], 4],
      ],
    );
  });

  it('adds up more tensors than one program may have', async () => {
    const ones = Array.from({ length: 40 }, (_, i) => tf.fill([3], i));
    const sum = tf.addN(ones);
    expect([...(await sum.data())]).toEqual([780, 780, 780]);
    tf.dispose([ones, sum]);
  });

  it('says that a tensor is too large for it', () => {
    expect(() => tf.tidy(() => tf.relu(tf.ones([2 ** 16, 2 ** 15])))).toThrow(
      expect.objectContaining({ code: 'out-of-memory', exitCode: 2 }),
    );
  });

  it('gives back the memory of tensors whose size does not come again', async () => {
    const sums = Array.from({ length: 30 }, (_, i) => 2 ** 24 + i);
    for (const size of sums) {
      const sum = tf.tidy(() => tf.sum(tf.relu(tf.zeros([size]))));
      expect((await sum.data())[0]).toBe(0);
      sum.dispose();
    }
    const { numBytesAllocatedInGPU } = tf.memory() as unknown as { numBytesAllocatedInGPU: number };
    expect(numBytesAllocatedInGPU).toBeLessThan(1.5 * 2 ** 30);
  }, 240_000);

  it('lets the process end', async () => {
    const printed = await program(`console.log((await tf.sum(tf.relu(tf.ones([9]))).data())[0])`);
    expect(printed).toBe('9\n');
  });

  it('that is lost ends what waits for it with a clear error, and the process', async () => {
    const printed = await program(`
      const sum = tf.sum(tf.relu(tf.ones([9])));
      const reading = sum.data();
      tf.backend().device.destroy();
      const errors = [reading, reading.catch(() => sum.data())].map((read) => read.catch((error) => error.code));
      console.log(await Promise.all(errors));`);
    expect(printed).toBe("[ 'device-lost', 'device-lost' ]\n");
  });
});
