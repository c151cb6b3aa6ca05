import * as tf from '@tensorflow/tfjs-core';
import type { KernelFunc, NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';

export interface KernelCall {
  inputs: NamedTensorInfoMap;
  attrs: NamedAttrMap;
}

/** A kernel of ours; undefined means: not a case of ours, the kernel that stood there before takes it. */
export type OwnKernel = (call: KernelCall) => TensorInfo | TensorInfo[] | undefined;

/** Puts a kernel of the backend `wasm` in the place of the one registered, which stays as the fallback. */
export function replaceKernel(kernelName: string, own: OwnKernel): void {
  const before = tf.getKernel(kernelName, 'wasm') as tf.KernelConfig | undefined;
  if (before !== undefined) tf.unregisterKernel(kernelName, 'wasm');
  const kernelFunc: KernelFunc = ({ inputs, attrs, backend }) => {
    const result = own({ inputs, attrs: attrs ?? {} });
    if (result !== undefined) return result;
    if (before === undefined) throw new Error(`${kernelName} has no kernel on wasm for this case`);
    return before.kernelFunc({ inputs, backend, ...(attrs === undefined ? {} : { attrs }) });
  };
  tf.registerKernel({ ...before, kernelName, backendName: 'wasm', kernelFunc });
}
