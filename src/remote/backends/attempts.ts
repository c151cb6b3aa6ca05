import { setTimeout as delay } from 'node:timers/promises';

/** How often and how patiently a failed request is made again. */
export interface RetryPolicy {
  /** Attempts in all. */
  attempts: number;
  /** Longest wait before the second attempt; each further one may be twice as long. Milliseconds. */
  firstDelayMs: number;
  maxDelayMs: number;
  /** A number in [0, 1): waits are spread, so that many clients do not come back at once. */
  random: () => number;
}

export const DEFAULT_RETRY: RetryPolicy = {
  attempts: 6,
  firstDelayMs: 200,
  maxDelayMs: 5_000,
  random: Math.random,
};

/** What is attempted, and which failures are worth another attempt. */
export interface Attempted<T> {
  request: () => Promise<T>;
  mayPass: (error: unknown) => boolean;
  signal?: AbortSignal | undefined;
}

/** Makes a request until it succeeds, fails for good, or has failed as often as the policy allows: then its last error is thrown. */
export async function attempt<T>(policy: RetryPolicy, attempted: Attempted<T>): Promise<T> {
  for (let made = 1; ; made += 1) {
    try {
      return await attempted.request();
    } catch (error) {
      if (!attempted.mayPass(error) || made >= policy.attempts) throw error;
    }
    await waitAfter(policy, made, attempted.signal);
  }
}

/** Waits before the attempt that follows the `made`-th; an aborted signal ends it with the signal's reason. */
export async function waitAfter(
  policy: RetryPolicy,
  made: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { firstDelayMs, maxDelayMs, random } = policy;
  const longest = Math.min(maxDelayMs, firstDelayMs * 2 ** (made - 1));
  try {
    await delay(longest * (0.5 + random() / 2), undefined, signal ? { signal } : {});
  } catch (error) {
    throw signal?.aborted === true ? signal.reason : error;
  }
}
