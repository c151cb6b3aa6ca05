import { padEnd, padStart, textWidth } from './text-width.js';
import { visibleInLine } from './visible.js';

/** Columns for people: padded to the widest cell, two spaces between, numbers point under point. No rows give ''. */
export function textTable(rows: readonly (readonly string[])[], header?: readonly string[]): string {
  const count = Math.max(0, ...[...rows, header ?? []].map((row) => row.length));
  const columns = Array.from({ length: count }, (_, at) =>
    column(
      rows.map((row) => row[at] ?? ''),
      header && (header[at] ?? ''),
    ),
  );
  return Array.from({ length: rows.length + (header ? 1 : 0) }, (_, row) =>
    columns
      .map((cells) => cells[row] ?? '')
      .join('  ')
      .trimEnd(),
  ).join('\n');
}

/** The cells of one column, header first, all of one width. */
function column(cells: readonly string[], header: string | undefined): string[] {
  const numbers = cells.every(isNumber);
  const shown = numbers ? pointUnderPoint(cells) : cells.map(visibleInLine);
  const all = [...(header === undefined ? [] : [header]), ...shown];
  const width = Math.max(0, ...all.map(textWidth));
  return all.map((cell) => (numbers ? padStart(cell, width) : padEnd(cell, width)));
}

function pointUnderPoint(cells: readonly string[]): string[] {
  const fractions = cells.map((cell) => cell.length - wholePart(cell).length);
  const widest = Math.max(0, ...fractions);
  return cells.map((cell, row) => (cell === '' ? '' : cell + ' '.repeat(widest - (fractions[row] ?? 0))));
}

function wholePart(cell: string): string {
  return /^[^.e]*/.exec(cell)![0];
}

function isNumber(cell: string): boolean {
  return /^[-+]?[\d.,]*(?:e[-+]?\d+)?$/.test(cell);
}
