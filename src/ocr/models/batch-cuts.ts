/** What one batch may hold. */
export interface BatchLimit {
  images: number;
  /** Images times the width of the widest, in any unit. */
  area: number;
}

/** Cuts a row into batches, in order, none above `limit`; one item alone makes a batch however wide it is. */
export function cutBatches<T>(row: readonly T[], widthOf: (item: T) => number, limit: BatchLimit): T[][] {
  const batches: T[][] = [];
  let batch: T[] = [];
  let widest = 0;
  for (const item of row) {
    widest = Math.max(widest, widthOf(item));
    if (batch.length > 0 && (batch.length === limit.images || (batch.length + 1) * widest > limit.area)) {
      batches.push(batch);
      batch = [];
      widest = widthOf(item);
    }
    batch.push(item);
  }
  return batch.length === 0 ? batches : [...batches, batch];
}
