import { lstatSync, lutimesSync } from 'node:fs';

/** Clocks of machines that share a folder differ; so much says nothing. Milliseconds. */
const SKEW_MS = 60_000;

/**
 * How long ago a file, folder or link was written, by its time; milliseconds, undefined if it is gone. A time that is to come was
 * given by a clock that has been set back since, and nobody can tell when that was: from now on it counts, by getting the present
 * time, so that what waits for something to be old neither takes it at once nor waits for years.
 */
export function ageOf(path: string | Buffer, now: number = Date.now()): number | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  const age = now - stat.mtimeMs;
  if (age < -SKEW_MS) countFrom(path, now);
  return Math.max(age, 0);
}

function countFrom(path: string | Buffer, now: number): void {
  try {
    lutimesSync(path, now / 1000, now / 1000);
  } catch {
    // Somebody else's, or gone by now: whoever may do it does.
  }
}
