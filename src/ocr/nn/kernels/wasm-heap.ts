import type { DataType, KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';
import { OcrpipeError } from '../../../base/errors.js';
import type { KernelExports } from './kernel-module.js';

/** What the kernels need of tfjs-backend-wasm 4.22. */
interface WasmBackend {
  wasm: {
    asm: { memory?: WebAssembly.Memory };
    _malloc(bytes: number): number;
    _free(offset: number): void;
  };
  dataIdMap: { get(dataId: object): { memoryOffset: number } };
  incRef(dataId: object): void;
  makeOutput(shape: number[], dtype: DataType): TensorInfo;
}

/** The memory where tfjs-backend-wasm keeps its tensors, shared with our kernels. */
export class WasmHeap {
  readonly memory: WebAssembly.Memory;
  readonly #backend: WasmBackend;

  /** @throws `wasm-memory-hidden` when the installed tfjs-backend-wasm keeps its memory to itself. */
  constructor(backend: KernelBackend) {
    this.#backend = backend as unknown as WasmBackend;
    const memory = (this.#backend.wasm.asm as WasmBackend['wasm']['asm'] | undefined)?.memory;
    if (memory === undefined)
      throw new OcrpipeError(
        'wasm-memory-hidden',
        'this version of tfjs-backend-wasm does not show its memory',
        {
          hint: 'install @tensorflow/tfjs-backend-wasm 4.22',
        },
      );
    this.memory = memory;
  }

  /** Byte offset of a tensor's values. */
  offset(tensor: TensorInfo): number {
    return this.#backend.dataIdMap.get(tensor.dataId).memoryOffset;
  }

  /** Byte offset of a tensor's values, 0 for none. */
  offsetOrZero(tensor: TensorInfo | undefined): number {
    return tensor === undefined ? 0 : this.offset(tensor);
  }

  /** A new tensor whose values are whatever stood there. */
  allocate(shape: number[]): TensorInfo {
    return this.#backend.makeOutput(shape, 'float32');
  }

  /** The same values under a new tensor, counted as one more user of them. */
  share(tensor: TensorInfo): TensorInfo {
    this.#backend.incRef(tensor.dataId);
    return { dataId: tensor.dataId, shape: tensor.shape, dtype: tensor.dtype };
  }

  /** Runs `work` with `bytes` of working memory, freed afterwards. Offsets stay valid while the memory grows. */
  withScratch<T>(bytes: number, work: (scratch: number) => T): T {
    const scratch = this.#backend.wasm._malloc(Math.max(16, bytes)) >>> 0;
    if (scratch === 0)
      throw new OcrpipeError('out-of-memory', `no ${bytes} bytes of WebAssembly memory are left`);
    try {
      return work(scratch);
    } finally {
      this.#backend.wasm._free(scratch);
    }
  }
}

/** What every kernel works with. */
export interface KernelContext {
  heap: WasmHeap;
  kernels: KernelExports;
}
