import type { Entries, FormatOptions } from './format.js';
import { readRecords } from './records.js';
import { labelFileError } from './text-file.js';
import { tsvRows } from './tsv.js';

/**
 * Tables of image and text. TSV: `image <TAB> text` with or without a header line; backslash, tab and newline escaped
 * with a backslash. CSV (RFC 4180) needs a header. With a header the fields are found as in {@link readRecords}.
 */
export function readTsv(text: string, file: string, options: FormatOptions = {}): Entries {
  const rows = tsvRows(text);
  const headed = rows[0]?.includes('image') ?? false;
  return readRecords(
    headed ? withHeader(rows, file) : withHeader([['image', 'text'], ...rows], file),
    file,
    options,
  );
}

export function readCsv(text: string, file: string, options: FormatOptions = {}): Entries {
  const records = withHeader(csvRows(text, file), file);
  const fields = records.map((record) =>
    Object.fromEntries(Object.entries(record).map(([name, cell]) => [name, severalTexts(cell)])),
  );
  return readRecords(fields, file, options);
}

/** Label Studio writes several texts of one cell as JSON: `{"text":["…","…"]}`. */
function severalTexts(cell: string): unknown {
  if (!cell.startsWith('{"text":[') || !cell.endsWith(']}')) return cell;
  try {
    return JSON.parse(cell);
  } catch {
    return cell;
  }
}

function withHeader(rows: readonly (readonly string[])[], file: string): Record<string, string>[] {
  const [header = [], ...lines] = rows;
  return lines.map((cells, index) => {
    if (cells.length !== header.length) {
      const what = `line ${index + 2} has ${cells.length} cells where ${header.length} are expected`;
      throw labelFileError('table-cells', file, what, `The columns are: ${header.join(', ')}.`);
    }
    return Object.fromEntries(header.map((name, column) => [name, cells[column] ?? '']));
  });
}

function csvRows(text: string, file: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  const cell = /(?:"(?<quoted>(?:[^"]|"")*)"|(?<plain>[^",\r\n]*))(?<end>,|\r?\n|$)/y;
  while (cell.lastIndex < text.length) {
    const start = cell.lastIndex;
    const groups = cell.exec(text)?.groups;
    if (!groups) {
      const line = text.slice(0, start).split('\n').length;
      throw labelFileError(
        'table-quotes',
        file,
        `line ${line} has a quote in the wrong place`,
        'Export it again.',
      );
    }
    row.push(groups['quoted']?.replaceAll('""', '"') ?? groups['plain'] ?? '');
    if (groups['end'] === ',' && cell.lastIndex < text.length) continue;
    rows.push(row);
    row = [];
  }
  return rows;
}
