import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What all that is random in tests is drawn from: the same in each run, unless OCRPIPE_TEST_SEED names another. */
export const SEED = numberIn('OCRPIPE_TEST_SEED', 1);
/** How many times the usual number of random cases are tried: OCRPIPE_TEST_RUNS, or 1. */
export const RUNS = numberIn('OCRPIPE_TEST_RUNS', 1);

/** The number of random cases to try where usually there are `usual`; at least one. */
export function runs(usual: number): number {
  return Math.max(1, Math.round(usual * RUNS));
}

/** The command that tries the same random cases of the running test's file again. */
export function howToReplay(): string {
  const { testPath } = expect.getState();
  const file = testPath === undefined ? '' : ` ${relative(ROOT, testPath)}`;
  return `to replay: OCRPIPE_TEST_SEED=${SEED} OCRPIPE_TEST_RUNS=${RUNS} npx vitest run${file}`;
}

function numberIn(variable: string, otherwise: number): number {
  const text = process.env[variable];
  const value = text === undefined || text === '' ? otherwise : Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new Error(`${variable} is not a number above 0: ${text}`);
  return value;
}
