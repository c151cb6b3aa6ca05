import { parentPort, workerData } from 'node:worker_threads';
import { SharedWatch } from '../../base/shared-watch.js';
import type { FileStat } from '../scan/stat-index-format.js';
import { copyObject, type CopyRequest } from './copy-object.js';

/** A thread of {@link PlacingThreads}: answers each request with the stat of the file, in order. */
const watch = new SharedWatch(workerData as SharedArrayBuffer);
parentPort!.on('message', (request: CopyRequest) => {
  parentPort!.postMessage(tryCopy(request));
});

/** Undefined where it failed, for whatever reason, or was to end. */
function tryCopy(request: CopyRequest): FileStat | undefined {
  const steps = copyObject(request);
  try {
    for (let step = steps.next(); ; step = steps.next()) {
      if (step.done === true) return step.value && plain(step.value);
      if (watch.stopped()) {
        steps.return(undefined);
        return undefined;
      }
    }
  } catch {
    return undefined;
  }
}

function plain({ size, mtimeMs, ctimeMs, ino, mode }: FileStat): FileStat {
  return { size, mtimeMs, ctimeMs, ino, mode };
}
