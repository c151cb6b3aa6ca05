import * as tf from '@tensorflow/tfjs-core';
import { registerConvolutionKernels } from './convolution-kernels.js';
import { registerKernelGradients } from './kernel-gradients.js';
import { loadKernelModule, type KernelBuild } from './kernel-module.js';
import { ADAM } from './kernel-names.js';
import { registerMatMulKernels } from './matmul-kernels.js';
import { registerPoolingKernels } from './pooling-kernels.js';
import { registerTrainingKernels } from './training-kernels.js';
import { WasmHeap } from './wasm-heap.js';

/** Whether our kernels stand in tfjs's registry already; it lives as long as the process. */
export function kernelsRegistered(): boolean {
  return (tf.getKernel(ADAM, 'wasm') as tf.KernelConfig | undefined) !== undefined;
}

/**
 * Puts our SIMD kernels over those of tfjs-backend-wasm, which must be the current backend.
 * @returns the build in use, or undefined when the engine has no WebAssembly SIMD (tfjs's own kernels stay)
 */
export async function registerKernels(): Promise<KernelBuild | undefined> {
  const heap = new WasmHeap(tf.backend());
  const loaded = await loadKernelModule(heap.memory);
  if (loaded === undefined) return undefined;
  const context = { heap, kernels: loaded.kernels };
  registerConvolutionKernels(context);
  registerMatMulKernels(context);
  registerPoolingKernels(context);
  registerTrainingKernels(context);
  registerKernelGradients();
  return loaded.build;
}
