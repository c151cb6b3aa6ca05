import { parseDuration } from '../../../base/duration.js';

/**
 * How a stage that failed is run again: at most `count` times, the first time after `delaySeconds`, then each time after
 * `backoff` times as long.
 */
export interface Retry {
  readonly count: number;
  readonly delaySeconds: number;
  readonly backoff: number;
}

/** Unless the pipeline says otherwise. */
const DELAY = '1s';
const BACKOFF = 2;
/** No wait between two attempts is longer. */
const LONGEST_DELAY_SECONDS = 3_600;

interface WrittenLimits {
  readonly timeout?: string | undefined;
  readonly retry?:
    | { readonly count: number; readonly delay?: string | undefined; readonly backoff?: number | undefined }
    | undefined;
}

/** How long a stage may take, and how it is run again. */
export interface Limits {
  readonly timeoutSeconds?: number;
  readonly retry?: Retry;
}

/** What `timeout` and `retry` of a stage say; `refuse` is told of a text that is no time, and where below the stage it stands. */
export function readLimits(
  { timeout, retry }: WrittenLimits,
  refuse: (at: readonly string[], text: string) => void,
): Limits {
  const seconds = (text: string, at: readonly string[], least: number): number => {
    const parsed = parseDuration(text);
    if (parsed !== undefined && parsed >= least) return parsed;
    refuse(at, text);
    return 1;
  };
  return {
    ...(timeout !== undefined && { timeoutSeconds: seconds(timeout, ['timeout'], Number.MIN_VALUE) }),
    ...(retry && {
      retry: {
        count: retry.count,
        delaySeconds: seconds(retry.delay ?? DELAY, ['retry', 'delay'], 0),
        backoff: retry.backoff ?? BACKOFF,
      },
    }),
  };
}

/** Seconds to wait after the attempt of this number, counted from 1, failed; undefined if it was the last one. */
export function delayAfter(attempt: number, retry: Retry | undefined): number | undefined {
  if (!retry || attempt > retry.count) return undefined;
  return Math.min(LONGEST_DELAY_SECONDS, retry.delaySeconds * retry.backoff ** (attempt - 1));
}
