import { workerData } from 'node:worker_threads';
import type { KernelWorkerData } from './kernel-threads.js';
import { kernelsByNumber } from './kernel-module.js';
import { TaskBoard } from './task-board.js';

/** A thread that does kernels' tasks in the memory that it shares, until the process ends. */
const { module, memory, board, thread } = workerData as KernelWorkerData;
const { exports } = new WebAssembly.Instance(module, { env: { memory } });
const kernels = kernelsByNumber(exports);
const tasks = new TaskBoard(board);
for (;;) {
  tasks.await();
  tasks.work(thread, (kernel, values) => kernels[kernel]!(...values));
}
