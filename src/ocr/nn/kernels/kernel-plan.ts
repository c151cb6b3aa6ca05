import type { NamedAttrMap, NamedTensorInfoMap } from '@tensorflow/tfjs-core';
import type { KernelContext } from './kernel-context.js';
import type { KernelExports, KernelName } from './kernel-module.js';
import { replaceKernel } from './replace-kernel.js';

/** What one call of a kernel makes and needs. */
export interface PlannedCall {
  /** Shapes of its outputs. */
  outputs: number[][];
  kernel: KernelName;
  /**
   * Parts of the work that know nothing of each other, each by what the kernel takes after the offsets of the inputs, 0 for one that
   * is absent, and those of the outputs.
   */
  parts: number[][];
  /** Bytes of working memory for a part, the kernel's last argument; 0 for none. */
  scratchBytes: number;
}

/** A kernel of ours wherever its values lie: in the memory of tfjs-backend-wasm, or copied in from another backend. */
export interface KernelPlan {
  name: string;
  /** In the order in which the kernel takes them. */
  inputs: readonly string[];
  plan: (kernels: KernelExports, inputs: NamedTensorInfoMap, attributes: NamedAttrMap) => PlannedCall;
}

/** Registers a kernel for the backend `wasm`, on whose tensors it works in place. */
export function registerPlan(context: KernelContext, { name, inputs: names, plan }: KernelPlan): void {
  const { heap, kernels } = context;
  replaceKernel(name, ({ inputs, attrs }) => {
    const { outputs, kernel, parts, scratchBytes } = plan(kernels, inputs, attrs);
    const outs = outputs.map((shape) => heap.allocate(shape));
    const present = names.map((input) => heap.offsetOrZero(inputs[input]));
    const offsets = [...present, ...outs.map((out) => heap.offset(out))];
    context.run(
      kernel,
      parts.map((part) => [...offsets, ...part]),
      scratchBytes,
    );
    return outs;
  });
}
