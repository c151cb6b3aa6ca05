/**
 * TSV as ocrpipe writes it: a line a row, cells parted by tabs; backslash, tab, newline and carriage return inside a
 * cell are written \\ \t \n \r. UTF-8, '\n' at the end of every line.
 */
const ESCAPED: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };
const UNESCAPED = Object.fromEntries(Object.entries(ESCAPED).map(([plain, escape]) => [escape, plain]));

export function tsvLine(cells: readonly (string | number)[]): string {
  return `${cells.map((cell) => escapeTsv(String(cell))).join('\t')}\n`;
}

export function escapeTsv(cell: string): string {
  return cell.replaceAll(/[\\\t\n\r]/g, (character) => ESCAPED[character]!);
}

/** Undoes {@link escapeTsv}; a backslash before anything else stands for itself. */
export function unescapeTsv(cell: string): string {
  return cell.replaceAll(/\\[\\tnr]/g, (escape) => UNESCAPED[escape]!);
}

/** A row and where it begins; lines count from 1. */
export interface Row {
  readonly line: number;
  readonly cells: readonly string[];
}

/** The rows of a TSV text as they are written, without those that are empty. */
export function tsvRows(text: string): Row[] {
  return text
    .split(/\r?\n/)
    .map((line, index) => ({ line: index + 1, cells: line.split('\t') }))
    .filter(({ cells }) => cells.length > 1 || cells[0]?.trim() !== '');
}
