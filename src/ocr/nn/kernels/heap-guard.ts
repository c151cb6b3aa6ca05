import type { DataType, KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';
import { OcrpipeError, userError } from '../../../base/errors.js';

/** What we need of tfjs-backend-wasm 4.22. */
export interface WasmBackend {
  wasm: {
    asm: { memory?: WebAssembly.Memory };
    _malloc(bytes: number): number;
    _free(offset: number): void;
    /** Set by `guardHeap`. */
    guarded?: true;
  };
  dataIdMap: { get(dataId: object): { memoryOffset: number } };
  incRef(dataId: object): void;
  makeOutput(shape: number[], dtype: DataType): TensorInfo;
}

/** No address lies beyond. */
const ADDRESS_SPACE_BYTES = 2 ** 32;
const MIB = 2 ** 20;
/** Stays free for what tfjs's own kernels take by themselves, unseen. */
const RESERVE_BYTES = 16 * MIB;

/** The tensors in use and one more do not fit into the memory of the backend. */
export function outOfMemory(bytes: number): OcrpipeError {
  return userError(
    'out-of-memory',
    `${Math.ceil(bytes / MIB)} MiB more do not fit into the 4 GiB that WebAssembly can address`,
    { hint: OUT_OF_MEMORY_HINT },
  );
}

const OUT_OF_MEMORY_HINT =
  "Lower 'train.batchSize', or make the model smaller: 'model.height', 'model.filters', 'model.convolutions', 'model.units'.";

/** @throws `wasm-memory-hidden` when the installed tfjs-backend-wasm keeps its memory to itself. */
export function memoryOf(backend: KernelBackend): WebAssembly.Memory {
  const { asm } = (backend as unknown as WasmBackend).wasm;
  const memory = (asm as WasmBackend['wasm']['asm'] | undefined)?.memory;
  if (memory !== undefined) return memory;
  throw memoryHidden();
}

export function memoryHidden(): OcrpipeError {
  return new OcrpipeError(
    'wasm-memory-hidden',
    'this version of tfjs-backend-wasm does not show its memory',
    {
      hint: 'install @tensorflow/tfjs-backend-wasm 4.22',
    },
  );
}

/**
 * Makes every allocation of the backend `wasm` (tensors and working memory, ours and tfjs's) either whole or the error
 * `out-of-memory`. tfjs itself takes what its allocator returns, which near 4 GiB is 0 or a block whose end has wrapped
 * to the first addresses: tensors would overlap, or the allocator would never return. Once that has happened the
 * memory's bookkeeping is damaged, so nothing more is taken from it or given back. A second call changes nothing.
 */
export function guardHeap(backend: KernelBackend): void {
  const { wasm } = backend as unknown as WasmBackend;
  if (wasm.guarded === true) return;
  const memory = memoryOf(backend);
  // Both replace themselves by the real functions when first called, which must be over before ours stand there.
  wasm._free(wasm._malloc(16));
  const malloc = wasm._malloc.bind(wasm);
  const free = wasm._free.bind(wasm);
  let damaged = false;
  wasm._malloc = (bytes) => {
    // A larger number would lose its upper bits on the way into WebAssembly.
    if (damaged || bytes >= ADDRESS_SPACE_BYTES) throw outOfMemory(bytes);
    const offset = malloc(bytes) >>> 0;
    if (offset === 0) throw outOfMemory(bytes);
    const end = offset + bytes;
    damaged = end > memory.buffer.byteLength;
    if (!damaged && end <= ADDRESS_SPACE_BYTES - RESERVE_BYTES) return offset;
    if (!damaged) free(offset);
    throw outOfMemory(bytes);
  };
  wasm._free = (offset) => {
    if (!damaged) free(offset);
  };
  wasm.guarded = true;
}
