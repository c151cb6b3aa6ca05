import { parentPort, workerData } from 'node:worker_threads';
import { SharedWatch } from '../../base/shared-watch.js';
import { checkFile } from './check-file.js';
import type { StoreFile } from './finding.js';

/** A thread of {@link CheckingThreads}: answers each file with its report, in order. */
const watch = new SharedWatch(workerData as SharedArrayBuffer);
parentPort!.on('message', (file: StoreFile) => {
  parentPort!.postMessage(checkFile(file, watch));
});
