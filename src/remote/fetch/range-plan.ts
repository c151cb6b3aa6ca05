import type { PackTable } from '../../store/pack-format.js';
import type { ByteRange } from '../backends/remote.js';

/** Unwanted bytes between two wanted objects that are rather read than paid for with a request. */
export const MAX_GAP_BYTES = 64 * 1024;
/** Longest range of one request: it is held in memory until its objects are verified. */
export const MAX_RANGE_BYTES = 16 * 1024 * 1024;
/** From this share of a pack on, the whole is fetched. */
const WHOLE_SHARE = 0.5;

/** Part of a pack to read, and which of its objects (indexes of the table, ascending) are wanted of it. */
export interface PlannedRange extends ByteRange {
  indexes: readonly number[];
}

/** How the wanted objects of one pack are read. */
export type PackReadPlan = { whole: true } | { whole: false; ranges: readonly PlannedRange[] };

/** Joins wanted objects over small gaps; the whole pack if that comes to more than half of it. `indexes` in any order. */
export function planPackRead(table: PackTable, indexes: readonly number[]): PackReadPlan {
  const ranges = joinRanges(table, indexes);
  const bytes = ranges.reduce((sum, { start, end }) => sum + end - start, 0);
  return bytes > table.size * WHOLE_SHARE ? { whole: true } : { whole: false, ranges };
}

/** The ranges that cover these objects, joined over gaps of at most `maxGap` bytes (64 KiB) and split at 16 MiB. */
export function joinRanges(
  table: PackTable,
  indexes: readonly number[],
  maxGap = MAX_GAP_BYTES,
): PlannedRange[] {
  const ranges: { start: number; end: number; indexes: number[] }[] = [];
  for (const index of [...indexes].sort((a, b) => a - b)) {
    const start = table.offsetAt(index);
    const end = start + table.lengthAt(index);
    const last = ranges.at(-1);
    if (last && start - last.end <= maxGap && end - last.start <= MAX_RANGE_BYTES) {
      last.end = end;
      last.indexes.push(index);
    } else {
      ranges.push({ start, end, indexes: [index] });
    }
  }
  return ranges;
}
