import { getBackend } from '@tensorflow/tfjs-core';

/** Of the 4 GiB that WebAssembly can address; the rest is for gaps between tensors, which grow with the variety of widths. */
const WASM_BYTES = 2.5 * 2 ** 30;

/**
 * Bytes of tensors that may be in use at once on the current backend. One figure for all machines, because what a training
 * gives depends on how its batches are cut; native TensorFlow has the memory of its device and is not limited here.
 */
export function tensorMemoryBytes(): number {
  return getBackend() === 'tensorflow' ? Infinity : WASM_BYTES;
}
