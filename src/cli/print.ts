import { once } from 'node:events';
import { visible } from './visible.js';

/** Prints lines while a command still runs, and waits until their reader has taken them. */
export async function print(lines: string): Promise<void> {
  const { stdout } = process;
  if (lines === '' || stdout.write(visible(lines)) || !stdout.writable) return;
  // Without a reader nothing drains: 'close' comes in its place.
  await Promise.race([once(stdout, 'drain'), once(stdout, 'close')]);
}
