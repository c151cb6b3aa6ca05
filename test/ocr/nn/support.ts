import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { openBackend, type BackendName } from '../../../src/ocr/nn/backend.js';
import { NATIVE_FOLDER_VARIABLE, loadNativeTensorflow } from '../../../src/ocr/nn/native-tensorflow.js';

/** A tensor in a file of golden values. */
export interface GoldenTensor {
  shape: number[];
  values: number[];
}

/** The parsed content of a file in test/golden/. */
export function readGolden(name: string): unknown {
  const file = new URL(`../../golden/${name}`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** Why the backend `webgpu` cannot be tested here. */
async function lackOfWebgpu(): Promise<string | undefined> {
  try {
    await openBackend('webgpu');
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const noWebgpu = await lackOfWebgpu();

/** Every backend, and why one cannot be tested here. */
export function backendsUnderTest(): { name: BackendName; skip?: string }[] {
  const native = loadNativeTensorflow();
  const skip = `needs native TensorFlow: run scripts/native-tensorflow.sh and set ${NATIVE_FOLDER_VARIABLE}`;
  return [
    { name: 'cpu' },
    { name: 'wasm' },
    noWebgpu === undefined ? { name: 'webgpu' } : { name: 'webgpu', skip: noWebgpu },
    native.loaded ? { name: 'tensorflow' } : { name: 'tensorflow', skip },
  ];
}

export function toTensor<R extends tf.Rank>(golden: GoldenTensor): tf.Tensor<R> {
  return tf.tensor<R>(golden.values, golden.shape as never);
}

/** The largest difference, as a share of the largest expected value. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let difference = 0;
  let largest = 1e-6;
  for (let i = 0; i < expected.length; i++) {
    const here = Math.abs(actual[i]! - expected[i]!);
    difference = Number.isNaN(here) ? Infinity : Math.max(difference, here);
    largest = Math.max(largest, Math.abs(expected[i]!));
  }
  return difference / largest;
}

/** The relative error of a tensor against golden values; Infinity when the shapes differ. */
export async function goldenError(actual: tf.Tensor, golden: GoldenTensor): Promise<number> {
  if (!tf.util.arraysEqual(actual.shape, golden.shape)) return Infinity;
  return relativeError(await actual.data(), golden.values);
}

/** Numbers in −1..1 that depend on the seed alone. */
export function seededValues(count: number, seed: number): Float32Array {
  let state = Math.imul(seed + 1, 2654435761) >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2147483648 - 1;
  });
}

export function seededTensor<R extends tf.Rank>(shape: number[], seed: number): tf.Tensor<R> {
  return tf.tensor<R>(seededValues(tf.util.sizeFromShape(shape), seed), shape as never);
}
