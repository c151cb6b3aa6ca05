import * as tf from '@tensorflow/tfjs-core';
import { registerConvolutionKernels } from './convolution-kernels.js';
import { registerDepthwiseKernels } from './depthwise-kernels.js';
import { registerKernelGradients } from './kernel-gradients.js';
import { KernelContext } from './kernel-context.js';
import { loadKernelModule, type KernelBuild } from './kernel-module.js';
import { registerPlan } from './kernel-plan.js';
import { KernelThreads } from './kernel-threads.js';
import { registerMatMulKernels } from './matmul-kernels.js';
import { registerPoolingKernels } from './pooling-kernels.js';
import { replaceKernel } from './replace-kernel.js';
import { SCAN_KERNELS } from './scan-kernels.js';
import { SEQUENCE_KERNELS } from './sequence-kernels.js';
import { registerTrainingKernels } from './training-kernels.js';
import { WasmHeap } from './wasm-heap.js';

const BUILDS: readonly KernelBuild[] = ['relaxed-simd', 'plain-simd'];

/** An entry of tfjs's registry that only says which build the others come from. */
function markerName(build: KernelBuild): string {
  return `OcrpipeKernels/${build}`;
}

/** The build whose kernels stand in tfjs's registry already, which lives as long as the process. */
export function registeredBuild(): KernelBuild | undefined {
  return BUILDS.find(
    (build) => (tf.getKernel(markerName(build), 'wasm') as tf.KernelConfig | undefined) !== undefined,
  );
}

/**
 * Puts our SIMD kernels over those of tfjs-backend-wasm, which must be the current backend.
 * @param threads that one kernel may use
 * @returns the build in use, or undefined when the engine has no WebAssembly SIMD (tfjs's own kernels stay)
 */
export async function registerKernels(threads: number): Promise<KernelBuild | undefined> {
  const heap = new WasmHeap(tf.backend());
  const loaded = await loadKernelModule(heap.memory);
  if (loaded === undefined) return undefined;
  const context = new KernelContext(heap, loaded.kernels, new KernelThreads(loaded, heap.memory, threads));
  registerConvolutionKernels(context);
  registerMatMulKernels(context);
  registerPoolingKernels(context);
  registerTrainingKernels(context);
  registerDepthwiseKernels(context);
  for (const plan of [...SCAN_KERNELS, ...SEQUENCE_KERNELS]) registerPlan(context, plan);
  registerKernelGradients();
  replaceKernel(markerName(loaded.build), () => undefined);
  return loaded.build;
}
