import { parentPort, workerData } from 'node:worker_threads';
import { checkFile } from './check-file.js';
import type { StoreFile } from './finding.js';
import { SharedWatch } from './shared-watch.js';

/** A thread of {@link CheckingThreads}: answers each file with its report, in order. */
const watch = new SharedWatch(workerData as SharedArrayBuffer);
parentPort!.on('message', (file: StoreFile) => {
  parentPort!.postMessage(checkFile(file, watch));
});
