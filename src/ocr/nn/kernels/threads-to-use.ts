import { availableParallelism } from 'node:os';
import { userError } from '../../../base/errors.js';

/** Says how many threads one kernel may use. */
const THREADS_VARIABLE = 'OCRPIPE_THREADS';
const MOST_THREADS = 64;

/**
 * As many threads as the process may use cores, unless the environment names another count. What is computed does not depend on it.
 * @throws `bad-threads` (exit code 2)
 */
export function threadsToUse(environment = process.env): number {
  const named = environment[THREADS_VARIABLE];
  if (named === undefined || named === '') return Math.min(availableParallelism(), MOST_THREADS);
  const count = Number(named);
  if (/^\d+$/.test(named) && count >= 1 && count <= MOST_THREADS) return count;
  throw userError('bad-threads', `${THREADS_VARIABLE} is '${named}', which is no number of threads`, {
    hint: `set it to a whole number from 1 to ${MOST_THREADS}, or take it away: then every core is used`,
  });
}
