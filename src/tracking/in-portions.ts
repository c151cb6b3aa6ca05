import { withProgressOfMany, type Breathe } from '../base/with-progress.js';
import type { CallOptions } from './workspace-files.js';

/** So many pointers or files are written, or removed, as one: Ctrl-C is not heard while pointers get their names. */
const AT_ONCE = 10_000;

/** Does work on many items, some at a time, and shows how far it is under `key`. */
export async function inPortions<T>(
  key: string,
  items: readonly T[],
  options: CallOptions,
  work: (some: readonly T[], breathe: Breathe) => Promise<void>,
): Promise<void> {
  await withProgressOfMany({ key, total: items.length, unit: 'files' }, options, async (breathe) => {
    for (let at = 0; at < items.length; at += AT_ONCE) {
      await breathe(at);
      await work(items.slice(at, at + AT_ONCE), (done) => breathe(at + done));
    }
  });
}
