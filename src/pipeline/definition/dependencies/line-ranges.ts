import type { LineRange } from '../stage/stage.js';

const RANGE = /^\s*(\d+)\s*(?:(-)\s*(\d*)\s*)?$/;

/**
 * '5', '1-2000', '3000-' or several with commas between -> ranges, sorted and joined where they touch. Undefined for anything
 * else: lines count from 1.
 */
export function parseLineRanges(text: string): readonly LineRange[] | undefined {
  const ranges = text.split(',').map(parseRange);
  const found = ranges.filter((range) => range !== undefined);
  return found.length === ranges.length ? joined(found) : undefined;
}

function parseRange(text: string): LineRange | undefined {
  const [, first, dash, last] = RANGE.exec(text) ?? [];
  const from = Number(first);
  if (!Number.isSafeInteger(from) || from < 1) return undefined;
  if (dash === undefined) return { from, to: from };
  if (last === '' || last === undefined) return { from };
  const to = Number(last);
  return Number.isSafeInteger(to) && to >= from ? { from, to } : undefined;
}

function joined(ranges: readonly LineRange[]): LineRange[] {
  const result: LineRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.from - b.from)) {
    const last = result.at(-1);
    if (last === undefined || (last.to !== undefined && last.to + 1 < range.from)) result.push(range);
    else result[result.length - 1] = union(last, range);
  }
  return result;
}

function union(a: LineRange, b: LineRange): LineRange {
  if (a.to === undefined || b.to === undefined) return { from: a.from };
  return { from: a.from, to: Math.max(a.to, b.to) };
}

/** As they are written down: '1-2000,3000-'. */
export function lineRangesText(ranges: readonly LineRange[]): string {
  return ranges
    .map(({ from, to }) => (to === undefined ? `${from}-` : to === from ? String(from) : `${from}-${to}`))
    .join(',');
}
