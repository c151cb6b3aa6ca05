import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { openBackend } from '../../../src/ocr/nn/backend.js';

const MIB = 2 ** 20;

/** What the test looks at inside the backend. */
interface Inside {
  dataIdMap: { get(dataId: object): { memoryOffset: number } };
  makeOutput(shape: number[], dtype: 'float32'): tf.TensorInfo;
}

beforeAll(async () => {
  await openBackend('wasm');
});

/** A tensor whose pages are never touched: 4 GiB of addresses cost no memory. */
function untouched(bytes: number): { dataId: object; start: number; end: number } {
  const inside = tf.backend() as unknown as Inside;
  const { dataId } = inside.makeOutput([bytes / 4], 'float32');
  const start = inside.dataIdMap.get(dataId).memoryOffset;
  return { dataId, start, end: start + bytes };
}

function takeUntilFull(bytes: number): ReturnType<typeof untouched>[] {
  const taken: ReturnType<typeof untouched>[] = [];
  try {
    for (;;) taken.push(untouched(bytes));
  } catch (error) {
    expect(error).toMatchObject({ code: 'out-of-memory', exitCode: 2 });
    return taken;
  }
}

// One after the other on purpose: the last leaves the memory of this process unusable.
describe('the memory of the backend wasm', () => {
  it('refuses a tensor that no address could reach, and stays usable', () => {
    expect(() => untouched(5 * 1024 * MIB)).toThrow(expect.objectContaining({ code: 'out-of-memory' }));
    expect(tf.tidy(() => Array.from(tf.add(tf.tensor1d([1, 2]), 1).dataSync()))).toEqual([2, 3]);
  });

  it('computes as ever beyond 2 GiB', () => {
    const taken = Array.from({ length: 6 }, () => untouched(400 * MIB));
    const sum = tf.tidy(() => tf.sum(tf.matMul(tf.ones([64, 256]), tf.ones([256, 64]))).dataSync()[0]);
    expect(sum).toBe(64 * 64 * 256);
    for (const { dataId } of taken) tf.backend().disposeData(dataId);
  });

  it('gives out no address twice and none beyond its end, however far it is filled', () => {
    const taken = takeUntilFull(200 * MIB);
    expect(taken.length).toBeGreaterThan(18);
    taken.sort((a, b) => a.start - b.start);
    expect(taken.every(({ end }, index) => end <= (taken[index + 1]?.start ?? 2 ** 32))).toBe(true);
    // Whatever was refused, disposing returns and nothing more is handed out that could overlap.
    for (const { dataId } of taken.slice(0, 3)) tf.backend().disposeData(dataId);
    const more = takeUntilFull(50 * MIB);
    const left = taken.slice(3);
    const overlap = more.some(({ start, end }) => left.some((held) => start < held.end && held.start < end));
    expect(overlap).toBe(false);
  });
});
