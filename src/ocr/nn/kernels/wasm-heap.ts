import type { KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';
import { guardHeap, memoryOf, type WasmBackend } from './heap-guard.js';

/** The memory where tfjs-backend-wasm keeps its tensors, shared with our kernels. */
export class WasmHeap {
  readonly memory: WebAssembly.Memory;
  readonly #backend: WasmBackend;

  /** Guards the backend's allocations. @throws `wasm-memory-hidden`, see `memoryOf`. */
  constructor(backend: KernelBackend) {
    this.memory = memoryOf(backend);
    guardHeap(backend);
    this.#backend = backend as unknown as WasmBackend;
  }

  /** Byte offset of a tensor's values. */
  offset(tensor: TensorInfo): number {
    return this.#backend.dataIdMap.get(tensor.dataId).memoryOffset;
  }

  /** Byte offset of a tensor's values, 0 for none. */
  offsetOrZero(tensor: TensorInfo | undefined): number {
    return tensor === undefined ? 0 : this.offset(tensor);
  }

  /** A new tensor whose values are whatever stood there. @throws `out-of-memory` */
  allocate(shape: number[]): TensorInfo {
    return this.#backend.makeOutput(shape, 'float32');
  }

  /** The same values under a new tensor, counted as one more user of them. */
  share(tensor: TensorInfo): TensorInfo {
    this.#backend.incRef(tensor.dataId);
    return { dataId: tensor.dataId, shape: tensor.shape, dtype: tensor.dtype };
  }

  /**
   * Runs `work` with `bytes` of working memory, freed afterwards. Offsets stay valid while the memory grows.
   * @throws `out-of-memory`
   */
  withScratch<T>(bytes: number, work: (scratch: number) => T): T {
    const scratch = this.#backend.wasm._malloc(Math.max(16, bytes));
    try {
      return work(scratch);
    } finally {
      this.#backend.wasm._free(scratch);
    }
  }
}
