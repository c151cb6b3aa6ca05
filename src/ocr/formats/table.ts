import { dirname } from 'node:path';
import { userError } from '../../base/errors.js';
import type { Entries, FormatOptions } from './format.js';
import { fileAt } from './image-index.js';
import { eachOf } from './problems.js';
import { readRecords, type LocatedRecord } from './records.js';
import { labelFileError } from './text-file.js';
import { isTextName } from './text-column.js';
import { isEscapedTsv, rawTsvRows, unescapeTsv, type Row } from './tsv.js';

/**
 * Tables of image and text. TSV: `image <TAB> text` with or without a header line; backslash, tab and newline escaped
 * with a backslash if ocrpipe wrote it, taken as they are in tables of other programs. CSV (RFC 4180) needs a header.
 * With a header the fields are found as in {@link readRecords}.
 */
export function readTsv(text: string, file: string, options: FormatOptions = {}): Entries {
  const raw = rawTsvRows(text);
  const headed = isHeader(raw[0]?.cells ?? []);
  const header = headed ? raw[0]! : { line: 0, cells: ['image', 'text'] };
  const rows = headed ? raw.slice(1) : raw;
  const column = Math.max(0, header.cells.findIndex(isImageName));
  const folder = options.images ?? dirname(file);
  const escaped = isEscapedTsv(rows) && rows.every(({ cells }) => namesFile(cells[column] ?? '', folder));
  const cells = rows.map((row) => (escaped ? { ...row, cells: row.cells.map(unescapeTsv) } : row));
  return readRecords(withHeader([header, ...cells], file), file, options);
}

/** False for a cell such as `a\table\new.png` that would have tabs or line breaks and is no file then: not ours. */
function namesFile(cell: string, folder: string): boolean {
  const path = unescapeTsv(cell);
  return !/[\t\n\r]/.test(path) || fileAt(folder, path) !== undefined;
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
  let cells: string[] = [];
  let line = 1;
  let begins = 1;
  const cell = /(?:"(?<quoted>(?:[^"]|"")*)"|(?<plain>[^",\r\n]*))(?<end>,|\r?\n|$)/y;
  while (cell.lastIndex < text.length) {
    const found = cell.exec(text);
    const groups = found?.groups;
    if (!groups) {
      const what = `${file}:${line}: line ${line} has a quote in the wrong place`;
      throw userError('table-quotes', what, { location: { file, line }, hint: 'Export it again.' });
    }
    cells.push(groups['quoted']?.replaceAll('""', '"') ?? groups['plain'] ?? '');
    line += found[0].split('\n').length - 1;
    if (groups['end'] === ',' && cell.lastIndex < text.length) continue;
    if (cells.length > 1 || cells[0]?.trim() !== '') rows.push({ line: begins, cells });
    cells = [];
    begins = line;
  }
  return rows;
}
