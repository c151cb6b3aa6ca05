import type { KernelExports, KernelName } from './kernel-module.js';
import type { KernelThreads } from './kernel-threads.js';
import type { WasmHeap } from './wasm-heap.js';

/** From `first` to before `end`. */
export type Range = readonly [first: number, end: number];

/** Multiplications and additions that are worth handing to another thread: some tens of microseconds. */
const WORTH_A_TASK = 500_000;
/** Tasks for each thread, so that one that was kept from working delays the others little. */
const TASKS_A_THREAD = 4;

/** Operations that reading or writing a float in memory counts for. */
export const PASS_COST = 4;
/** Channels that fill a cache line: ranges of channels are multiples of it. */
export const CHANNEL_BLOCK = 16;

/** What every kernel works with. */
export class KernelContext {
  readonly heap: WasmHeap;
  readonly kernels: KernelExports;
  readonly #threads: KernelThreads;

  constructor(heap: WasmHeap, kernels: KernelExports, threads: KernelThreads) {
    this.heap = heap;
    this.kernels = kernels;
    this.#threads = threads;
  }

  /**
   * Runs a kernel on several ranges of its work at once; what each writes must not depend on where the ranges are cut.
   * @param scratchBytes working memory of one thread, the kernel's last argument
   */
  run(name: KernelName, calls: readonly (readonly number[])[], scratchBytes = 0): void {
    // Whole cache lines, so that threads do not take them from each other.
    const bytes = Math.ceil(scratchBytes / 64) * 64;
    if (bytes === 0) this.#threads.run(name, calls, { offset: 0, bytes });
    else
      this.heap.withScratch(bytes * this.#threads.count, (offset) => {
        this.#threads.run(name, calls, { offset, bytes });
      });
  }

  /**
   * Cuts `count` units of work into ranges for `run`, each a multiple of `block` units but the last; one, where threads would not pay.
   * @param operations of all the work
   */
  cut(count: number, operations: number, block = 1): Range[] {
    if (this.#threads.count === 1) return [[0, count]];
    const most = Math.min(this.#threads.count * TASKS_A_THREAD, Math.floor(operations / WORTH_A_TASK));
    return cutRanges(count, Math.max(1, most), block);
  }
}

/** At most `parts` ranges of nearly the same length, each a multiple of `block` but the last. */
export function cutRanges(count: number, parts: number, block = 1): Range[] {
  const blocks = Math.max(1, Math.ceil(count / block));
  const pieces = Math.min(parts, blocks);
  return Array.from({ length: pieces }, (_, piece) => [
    Math.floor((piece * blocks) / pieces) * block,
    Math.min(count, Math.floor(((piece + 1) * blocks) / pieces) * block),
  ]);
}
