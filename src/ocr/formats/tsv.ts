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

/** The rows of a TSV text, cells unescaped; empty lines are passed over. */
export function tsvRows(text: string): string[][] {
  return text
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .map((line) => line.split('\t').map(unescapeTsv));
}
