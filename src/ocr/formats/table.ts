import { userError } from '../../base/errors.js';
import type { Entries, FormatOptions } from './format.js';
import { eachOf } from './problems.js';
import { readRecords, type LocatedRecord } from './records.js';
import { labelFileError } from './text-file.js';
import { isTextName } from './text-column.js';
import { tableRows } from './own-tables.js';
import type { Row } from './tsv.js';

/**
 * Tables of image and text. TSV: `image <TAB> text` with or without a header line, cells as {@link tableRows} gives them. CSV
 * (RFC 4180) needs a header. With a header the fields are found as in {@link readRecords}.
 */
export function readTsv(text: string, file: string, options: FormatOptions = {}): Entries {
  const rows = tableRows(text);
  const headed = isHeader(rows[0]?.cells ?? []);
  const table = headed ? rows : [{ line: 0, cells: ['image', 'text'] }, ...rows];
  return readRecords(withHeader(table, file), file, options);
}

const IMAGE_NAMES = new Set(['image', 'img', 'file', 'filename', 'file_name', 'path', 'image_path']);

/** A header names the columns `image`, or one for the image and one for the text in other usual words. */
function isHeader(cells: readonly string[]): boolean {
  return cells.includes('image') || (cells.some(isImageName) && cells.some(isTextName));
}

function isImageName(cell: string): boolean {
  return IMAGE_NAMES.has(cell.toLowerCase());
}

export function readCsv(text: string, file: string, options: FormatOptions = {}): Entries {
  const records = withHeader(csvRows(text, file), file).map((record) => ({
    ...record,
    fields: Object.fromEntries(
      Object.entries(record.fields).map(([name, cell]) => [
        name,
        typeof cell === 'string' ? severalTexts(cell) : cell,
      ]),
    ),
  }));
  return readRecords(records, file, options);
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

function withHeader(rows: readonly Row[], file: string): LocatedRecord[] {
  const [header, ...lines] = rows;
  const names = header?.cells ?? [];
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw labelFileError(
      'table-columns',
      file,
      `the header names '${twice}' twice`,
      'Give each column a name of its own.',
    );
  }
  const toRecord = ({ line, cells }: Row): LocatedRecord => {
    if (cells.length !== names.length) throw cellCount(file, line, cells.length, names);
    return { line, fields: Object.fromEntries(names.map((name, column) => [name, cells[column] ?? ''])) };
  };
  return eachOf(lines, toRecord, 'lines have another number of cells than the header');
}

function cellCount(file: string, line: number, count: number, names: readonly string[]): Error {
  const what = `${file}:${line}: line ${line} has ${count} cells where ${names.length} are expected`;
  return userError('table-cells', what, {
    location: { file, line },
    hint: `The columns are: ${names.join(', ')}.`,
  });
}

function csvRows(text: string, file: string): Row[] {
  const rows: Row[] = [];
  for (let at = 0, line = 1; at < text.length;) {
    const cells: string[] = [];
    const begins = line;
    for (let more = true; more;) {
      const found = csvCell(text, at);
      line += text.slice(at, found.end).split('\n').length - 1;
      const end = /,|\r?\n|$/y;
      end.lastIndex = found.end;
      const parts = end.exec(text)?.[0];
      if (parts === undefined) throw misplacedQuote(file, line);
      cells.push(found.cell);
      at = end.lastIndex;
      more = parts === ',';
      if (parts.endsWith('\n')) line += 1;
    }
    if (cells.length > 1 || cells[0]?.trim() !== '') rows.push({ line: begins, cells });
  }
  return rows;
}

/** The cell that begins at `at`, and where it ends. A cell may be of any length, which a regular expression could not hold. */
function csvCell(text: string, at: number): { cell: string; end: number } {
  if (text[at] !== '"') {
    const plain = /[^",\r\n]*/y;
    plain.lastIndex = at;
    const cell = plain.exec(text)?.[0] ?? '';
    return { cell, end: at + cell.length };
  }
  for (let from = at + 1; ;) {
    const quote = text.indexOf('"', from);
    if (quote < 0) return { cell: '', end: at };
    if (text[quote + 1] !== '"') {
      return { cell: text.slice(at + 1, quote).replaceAll('""', '"'), end: quote + 1 };
    }
    from = quote + 2;
  }
}

function misplacedQuote(file: string, line: number): Error {
  return userError('table-quotes', `${file}:${line}: line ${line} has a quote in the wrong place`, {
    location: { file, line },
    hint: 'Export it again.',
  });
}
