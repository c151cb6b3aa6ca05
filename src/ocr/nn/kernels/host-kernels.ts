import * as tf from '@tensorflow/tfjs-core';
import type { KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';
import { outOfMemory } from './heap-guard.js';
import { loadKernelModule, type KernelExports } from './kernel-module.js';
import { GRU } from './kernel-names.js';
import type { KernelPlan, PlannedCall } from './kernel-plan.js';
import { SCAN_KERNELS } from './scan-kernels.js';

const PAGE_BYTES = 65536;
/** As many pages as can be addressed. */
const MOST_PAGES = 65536;
/** The first bytes stay unused, so that no tensor has the offset 0, which means "none". */
const FIRST_OFFSET = 64;

type Values = Float32Array | Int32Array;

/** One call of a kernel on tensors that live outside of the kernels' memory. */
interface HostCall extends PlannedCall {
  inputs: (Values | undefined)[];
}

/** Kernels over a memory of their own: values are copied in, the kernel runs, results are copied out. */
class HostKernels {
  readonly #memory: WebAssembly.Memory;
  readonly kernels: KernelExports;

  constructor(memory: WebAssembly.Memory, kernels: KernelExports) {
    this.#memory = memory;
    this.kernels = kernels;
  }

  call({ inputs, outputs, kernel, parts, scratchBytes }: HostCall): tf.Tensor[] {
    const sizes = outputs.map((shape) => tf.util.sizeFromShape(shape));
    let end = FIRST_OFFSET;
    const place = (floats: number): number => {
      const offset = end;
      end = Math.ceil((end + 4 * floats) / 16) * 16;
      return offset;
    };
    const from = inputs.map((values) => (values === undefined ? 0 : place(values.length)));
    const to = sizes.map(place);
    const scratch = place(scratchBytes / 4);
    this.#makeRoom(end);
    const { buffer } = this.#memory;
    inputs.forEach((values, i) => {
      if (values instanceof Int32Array) new Int32Array(buffer, from[i], values.length).set(values);
      else if (values !== undefined) new Float32Array(buffer, from[i], values.length).set(values);
    });
    const last = scratchBytes > 0 ? [scratch] : [];
    for (const part of parts) this.kernels[kernel](...from, ...to, ...part, ...last);
    return outputs.map((shape, i) => tf.tensor(new Float32Array(buffer, to[i], sizes[i]).slice(), shape));
  }

  #makeRoom(bytes: number): void {
    const missing = bytes - this.#memory.buffer.byteLength;
    if (missing <= 0) return;
    try {
      this.#memory.grow(Math.ceil(missing / PAGE_BYTES));
    } catch (error) {
      // The engine has no more to give, or 4 GiB are passed.
      if (error instanceof RangeError) throw outOfMemory(missing);
      throw error;
    }
  }
}

function reader(backend: unknown): (tensor: TensorInfo | undefined) => Values | undefined {
  return (tensor) =>
    tensor === undefined ? undefined : ((backend as KernelBackend).readSync(tensor.dataId) as Values);
}

function registerOnHost(
  host: HostKernels,
  backendName: string,
  { name, inputs: names, plan }: KernelPlan,
): void {
  tf.registerKernel({
    kernelName: name,
    backendName,
    kernelFunc: ({ inputs, attrs, backend }) => {
      const planned = plan(host.kernels, inputs, attrs ?? {});
      const read = reader(backend);
      return host.call({ ...planned, inputs: names.map((input) => read(inputs[input])) });
    },
  });
}

/**
 * Lets a backend without fast recurrent layers run their scans in our WebAssembly kernels: some megabytes are copied,
 * hundreds of small ops are saved. Again, or without WebAssembly SIMD, it changes nothing.
 */
export async function registerHostScans(backendName: string): Promise<void> {
  if ((tf.getKernel(GRU, backendName) as tf.KernelConfig | undefined) !== undefined) return;
  const memory = new WebAssembly.Memory({ initial: 1, maximum: MOST_PAGES, shared: true });
  const loaded = await loadKernelModule(memory);
  if (loaded === undefined) return;
  const host = new HostKernels(memory, loaded.kernels);
  for (const plan of SCAN_KERNELS) registerOnHost(host, backendName, plan);
}
