import type { Call } from '../../src/base/call.js';
import { noEvents } from '../../src/base/events.js';
import { absPath } from '../../src/base/paths.js';

/** What an action is handed, for work in `cwd` that nobody watches or interrupts. */
export function quietCall(cwd: string): Call {
  return { cwd: absPath(cwd), events: noEvents, signal: new AbortController().signal };
}
