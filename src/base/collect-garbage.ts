import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Less is not worth the time that a collection takes. Bytes. */
const MUCH = 48 * 1024 * 1024;

/**
 * Has garbage collected now, if there may be much. V8 does so when the heap is to grow, which a stage of work that needs little never asks
 * for: what the stage before it left, hundreds of bytes for each of many files, would stay until the end.
 */
export function collectGarbage(): void {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  if (heapUsed + arrayBuffers < MUCH) return;
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
