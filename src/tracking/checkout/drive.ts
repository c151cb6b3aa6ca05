import { setImmediate } from 'node:timers/promises';
import { noEvents } from '../../base/events.js';
import type { CallOptions } from '../workspace-files.js';
import type { Work } from './write-files.js';

/** Progress is shown, and signals are heard, so often. */
const BREATH_MS = 50;

/** What people see of a piece of work. */
interface Driven {
  /** Names it in progress: 'checkout data/raw'. */
  key: string;
  /** How many names it will report as done. */
  total: number;
  /** Ends what the work has others do; before it is given up. */
  close?: () => Promise<void>;
}

/** Does a piece of work to its end, giving way to signals and progress where it stops. */
export async function drive<T>(
  work: Work<T>,
  { key, total, close }: Driven,
  { events = noEvents, signal }: CallOptions,
): Promise<T> {
  const state = { done: 0, lastBreath: performance.now(), shown: false };
  try {
    for (;;) {
      const step = work.next();
      if (step.done === true) return step.value;
      if (typeof step.value === 'number') state.done += step.value;
      else await step.value;
      if (performance.now() - state.lastBreath < BREATH_MS) continue;
      events({ type: 'progress', key, done: state.done, total, unit: 'files' });
      state.shown = true;
      await setImmediate();
      signal?.throwIfAborted();
      state.lastBreath = performance.now();
    }
  } finally {
    // What other threads still write must be there before it is removed.
    await close?.();
    work.return(undefined as T);
    if (state.shown) events({ type: 'progress-end', key });
  }
}
