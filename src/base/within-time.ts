/** How long something may take, and the error that says that it took longer. */
export interface TimeLimit {
  signal: AbortSignal;
  ms: number;
  late: () => Error;
}

/** Runs `work` with a signal that is aborted with the caller's, or by the error `late` once the time is over. */
export async function withinTime<T>(limit: TimeLimit, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const over = new AbortController();
  const timer = setTimeout(() => {
    over.abort(limit.late());
  }, limit.ms);
  try {
    return await work(AbortSignal.any([limit.signal, over.signal]));
  } finally {
    clearTimeout(timer);
  }
}
