/**
 * Does `work` for every item, at most `limit` at a time, in order of the items. The first failure stops the taking of further
 * items; what is running is waited for, then that failure is thrown.
 */
export async function eachInParallel<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
  limit: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  const failure: { error?: unknown; failed: boolean } = { failed: false };
  const start = (item: Item): void => {
    const one: Promise<void> = work(item)
      .catch((error: unknown) => {
        if (!failure.failed) Object.assign(failure, { error, failed: true });
      })
      .finally(() => running.delete(one));
    running.add(one);
  };
  try {
    for await (const item of items) {
      start(item);
      if (running.size >= limit) await Promise.race(running);
      if (failure.failed) break;
    }
  } finally {
    await Promise.all(running);
  }
  if (failure.failed) throw failure.error;
}
