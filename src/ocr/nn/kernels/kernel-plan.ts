import type { NamedAttrMap, NamedTensorInfoMap } from '@tensorflow/tfjs-core';
import type { KernelExports } from './kernel-module.js';
import { replaceKernel } from './replace-kernel.js';
import type { KernelContext } from './wasm-heap.js';

/** What one call of a kernel makes and needs. */
export interface PlannedCall {
  /** Shapes of its outputs. */
  outputs: number[][];
  /** Bytes of working memory. */
  scratchBytes: number;
  /** `offsets` are those of the inputs, 0 for one that is absent, then those of the outputs. */
  run: (offsets: number[], scratch: number) => void;
}

/** A kernel of ours wherever its values lie: in the memory of tfjs-backend-wasm, or copied in from another backend. */
export interface KernelPlan {
  name: string;
  /** In the order in which the kernel takes them. */
  inputs: readonly string[];
  plan: (kernels: KernelExports, inputs: NamedTensorInfoMap, attributes: NamedAttrMap) => PlannedCall;
}

/** Registers a kernel for the backend `wasm`, on whose tensors it works in place. */
export function registerPlan(
  { heap, kernels }: KernelContext,
  { name, inputs: names, plan }: KernelPlan,
): void {
  replaceKernel(name, ({ inputs, attrs }) => {
    const { outputs, scratchBytes, run } = plan(kernels, inputs, attrs);
    const outs = outputs.map((shape) => heap.allocate(shape));
    heap.withScratch(scratchBytes, (scratch) => {
      const present = names.map((input) => heap.offsetOrZero(inputs[input]));
      run([...present, ...outs.map((out) => heap.offset(out))], scratch);
    });
    return outs;
  });
}
