import { tsvRows, unescapeTsv, type Row } from './tsv.js';

/** The columns of each report, in this order; scripts rely on them. */
export const PREDICTION_COLUMNS = ['image', 'text', 'prediction', 'confidence'] as const;
export const ERROR_COLUMNS = ['image', 'text', 'prediction', 'confidence', 'edits', 'cer'] as const;
export const CONFUSION_COLUMNS = ['kind', 'truth', 'prediction', 'count'] as const;

/** Digits of what is measured in tables: enough to compare, few enough to read. */
const DECIMALS = 4;

/** A measured figure as tables of ocrpipe have it; '' for none. */
export function figure(value: number | undefined): string {
  return value === undefined ? '' : value.toFixed(DECIMALS);
}

/** How ocrpipe writes the cells of these columns. */
const FIGURES: Readonly<Record<string, RegExp>> = {
  confidence: /^(?:-?\d+\.\d{4})?$/,
  cer: /^\d+\.\d{4}$/,
  edits: /^\d+$/,
  count: /^\d+$/,
};

/**
 * The rows of a TSV text. Cells are unescaped only if ocrpipe wrote the table, which its header and figures tell; in tables of
 * other programs, which have backslashes of their own (`\nu`, `C:\new`), they are taken as they are.
 */
export function tableRows(text: string): Row[] {
  const rows = tsvRows(text);
  if (!isReport(rows) && !isPrinted(rows)) return rows;
  return rows.map(({ line, cells }) => ({ line, cells: cells.map(unescapeTsv) }));
}

function isReport([header, ...rows]: readonly Row[]): boolean {
  const columns = [PREDICTION_COLUMNS, ERROR_COLUMNS, CONFUSION_COLUMNS].find(
    (each) => each.join('\t') === header?.cells.join('\t'),
  );
  return columns !== undefined && rows.every(({ cells }) => isWritten(cells, columns));
}

function isWritten(cells: readonly string[], columns: readonly string[]): boolean {
  const written = (cell: string, column: number): boolean =>
    (FIGURES[columns[column]!]?.test(cell) ?? true) && !hasOtherBackslash(cell, /\\[\\tnr]/g);
  return cells.length === columns.length && cells.every(written);
}

/**
 * True for what `predict` prints, which has no header: image, reading, confidence. A reading is one line, so that a backslash is
 * always two; with anything else behind one the table may as well be of another program.
 */
function isPrinted(rows: readonly Row[]): boolean {
  return rows.every(
    ({ cells }) =>
      cells.length === 3 &&
      /^(?:0\.\d{4}|1\.0000)$/.test(cells[2]!) &&
      cells.every((cell) => !hasOtherBackslash(cell, /\\\\/g)),
  );
}

/** True if a backslash is left when the escapes are taken out. */
function hasOtherBackslash(cell: string, escapes: RegExp): boolean {
  return cell.replaceAll(escapes, '').includes('\\');
}
