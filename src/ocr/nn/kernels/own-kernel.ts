import * as tf from '@tensorflow/tfjs-core';

/** Whether the current backend has this kernel of ours; layers fall back to plain ops where it has not. */
export function hasKernel(kernelName: string): boolean {
  return (tf.getKernel(kernelName, tf.getBackend()) as tf.KernelConfig | undefined) !== undefined;
}

/** Runs a kernel of ours. Outside of a custom gradient it is recorded for its registered gradient. */
export function runKernel(
  kernelName: string,
  inputs: Record<string, tf.Tensor | undefined>,
  attributes: Record<string, number | string | boolean> = {},
): tf.Tensor[] {
  const present = Object.entries(inputs).filter(([, tensor]) => tensor !== undefined);
  const named = Object.fromEntries(present) as tf.NamedTensorMap;
  const result: tf.Tensor | tf.Tensor[] = tf.engine().runKernel(kernelName, named, attributes);
  return Array.isArray(result) ? result : [result];
}
