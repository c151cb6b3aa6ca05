import { setImmediate } from 'node:timers/promises';

/** So long at most nobody else is heard, Ctrl-C neither. Milliseconds. */
const BREATH_MS = 25;

/** Does all steps of a piece of work, and lets others go on in between. Rejects with the signal's reason, and ends the work, once it is aborted. */
export async function inBreaths<T>(steps: Generator<unknown, T>, signal: AbortSignal): Promise<T> {
  let last = performance.now();
  try {
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
      if (performance.now() - last < BREATH_MS) continue;
      await setImmediate();
      signal.throwIfAborted();
      last = performance.now();
    }
  } finally {
    steps.return(undefined as T);
  }
}
