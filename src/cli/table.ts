/** Columns for people: padded to the widest cell, two spaces between, numbers to the right. No rows give ''. */
export function textTable(rows: readonly (readonly string[])[], header?: readonly string[]): string {
  const all = header ? [header, ...rows] : rows;
  const widths = columnWidths(all);
  const right = widths.map((_, column) => rows.every((row) => isNumber(row[column] ?? '')));
  return all
    .map((row) =>
      row
        .map((cell, column) => pad(cell, widths[column] ?? 0, right[column] ?? false))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function columnWidths(rows: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, cell.length)));
  return widths;
}

function pad(cell: string, width: number, right: boolean): string {
  return right ? cell.padStart(width) : cell.padEnd(width);
}

function isNumber(cell: string): boolean {
  return /^[-+]?[\d.,]*$/.test(cell);
}
