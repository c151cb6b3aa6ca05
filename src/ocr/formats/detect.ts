import { statSync } from 'node:fs';
import { join } from 'node:path';
import { userError } from '../../base/errors.js';
import { suggest } from '../../base/nearest.js';
import { nearestSibling } from './nearest-sibling.js';
import { judgeNames, readFileNames, type NamesVerdict } from './file-names.js';
import { formatNames, type Entries, type FormatName, type FormatOptions } from './format.js';
import { hasGtTxt, readGtTxt } from './gt-txt.js';
import { isLabelStudio, readLabelStudio } from './label-studio.js';
import { isLabelsJson, readLabelsJson } from './labels-json.js';
import { isLabelStudioMin, readJsonRecords } from './records.js';
import { readCsv, readTsv } from './table.js';
import { isObject, parseJsonLabels, readLabelFile } from './text-file.js';
import { firstBytes, walkFiles } from './walk.js';

/** What was found at a source, ready to be resolved. */
export interface Detected extends Entries {
  readonly format: FormatName;
  /** The label file itself: the source, or the one found inside the folder. */
  readonly file: string | undefined;
}

/**
 * Looks at a source and reads it in the format that it has, or as `format` says. A manifest is told by
 * {@link isManifest} and read elsewhere. Throws (exit code 2) `source-missing`, `format-unknown` when nothing fits,
 * `format-not-named` when only file names could be labels and do not look like plates, and what each reader throws.
 */
export function readSource(source: string, format: string | undefined, options: FormatOptions): Detected {
  const isFolder = statOf(source).isDirectory();
  const wanted = format === undefined || format === 'auto' ? undefined : knownFormat(format);
  return isFolder ? readFolder(source, wanted, options) : readFile(source, wanted, options);
}

/** True if the source is a file whose first line is one sample as JSON. */
export function isManifest(source: string): boolean {
  if (statOf(source).isDirectory()) return false;
  const head = firstBytes(source, 1024 * 1024).toString('utf8');
  const [line = ''] = head.trimStart().split('\n', 1);
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) && typeof value['image'] === 'string' && 'text' in value;
  } catch {
    return source.endsWith('.jsonl');
  }
}

/** A format name that people typed; throws `format-unknown` with the nearest one. */
function knownFormat(format: string): FormatName | 'manifest' {
  const found = formatNames.find((name) => name === format);
  if (found !== undefined) return found;
  throw userError('format-unknown', `there is no format '${format}'`, { hint: suggest(format, formatNames) });
}

function statOf(source: string): { isDirectory(): boolean } {
  const found = statSync(source, { throwIfNoEntry: false });
  if (found?.isDirectory() === true || found?.isFile() === true) return found;
  if (found) {
    throw userError('label-file-unreadable', `${source} is neither a file nor a folder`, {
      location: { file: source },
      hint: 'Write the labels to a file first: they are read more than once.',
    });
  }
  throw userError('source-missing', `${source} does not exist`, {
    location: { file: source },
    hint: nearestSibling(source) ?? 'Correct the path of the label file or folder.',
  });
}

function readFolder(folder: string, wanted: string | undefined, options: FormatOptions): Detected {
  const files = walkFiles(folder, options.signal);
  const inside = files.find((file) => file.name === 'labels.json');
  if (wanted === 'gt-txt' || (wanted === undefined && hasGtTxt(files))) {
    return { format: 'gt-txt', file: undefined, ...readGtTxt(files) };
  }
  if (wanted === 'ccpd') return { format: 'ccpd', file: undefined, ...readFileNames(files) };
  if (inside && (wanted === undefined || wanted === 'labels-json')) {
    return readFile(join(folder, inside.name), 'labels-json', options);
  }
  if (wanted !== undefined) {
    throw userError('format-unknown', `${folder} is a folder, which '${wanted}' cannot be`, {
      hint: 'Give the label file itself.',
    });
  }
  const names = judgeNames(files);
  if (names.images > 0 && names.others.length === 0 && !names.counted) {
    return { format: 'ccpd', file: undefined, ...readFileNames(files) };
  }
  throw notNamed(folder, names);
}

/** At most this many names in one message. */
const NAMED = 10;

function notNamed(folder: string, { images, others, counted }: NamesVerdict): Error {
  const read = images - others.length;
  const more = others.length > NAMED ? ` and ${others.length - NAMED} more` : '';
  const mixed = !counted && read > 0;
  const why = mixed
    ? `: ${read} of ${images} names read as labels; these do not: ${others.slice(0, NAMED).join(', ')}${more}`
    : '';
  return userError('format-not-named', `${folder} has no labels that ocrpipe recognises${why}`, {
    location: { file: folder },
    hint: mixed
      ? 'Rename these or take them away; --format ccpd takes the names as they are and skips what is no label.'
      : 'If the file names are the labels (TEXT.jpg, 01-TEXT.jpg), say so with --format ccpd; otherwise give the label file.',
  });
}

function readFile(file: string, wanted: string | undefined, options: FormatOptions): Detected {
  const text = readLabelFile(file);
  const table = tableFormat(text, file, wanted);
  if (table === 'tsv') return { format: 'tsv', file, ...readTsv(text, file, options) };
  if (table === 'csv') return { format: 'csv', file, ...readCsv(text, file, options) };
  if (wanted === undefined && !/^\s*[[{]/.test(text)) throw unknownFile(file);
  return readJson({ text, file, wanted }, options);
}

function tableFormat(text: string, file: string, wanted: string | undefined): string | undefined {
  if (wanted !== undefined) return wanted;
  if (/^\s*[[{]/.test(text)) return undefined;
  const [first = ''] = text.split('\n', 1);
  if (first.includes('\t')) return 'tsv';
  return file.toLowerCase().endsWith('.csv') && first.includes(',') ? 'csv' : undefined;
}

function readJson(
  { text, file, wanted }: { text: string; file: string; wanted: string | undefined },
  options: FormatOptions,
): Detected {
  const value = parseJsonLabels(text, file);
  if (wanted === 'labelstudio' || (wanted === undefined && isLabelStudio(value))) {
    return { format: 'labelstudio', file, ...readLabelStudio(value, file, options) };
  }
  if (wanted === 'labelstudio-min' || (wanted === undefined && isLabelStudioMin(value))) {
    return { format: 'labelstudio-min', file, ...readJsonRecords(value, file, options) };
  }
  if (wanted === 'labels-json' || (wanted === undefined && isLabelsJson(value))) {
    return { format: 'labels-json', file, ...readLabelsJson(value, file, text) };
  }
  if (Array.isArray(value) && value.length === 0) {
    throw userError('label-file-empty', `${file} holds no labels`, { location: { file } });
  }
  throw unknownFile(file);
}

function unknownFile(file: string): Error {
  return userError('format-unknown', `${file} is in no format that ocrpipe recognises`, {
    location: { file },
    hint: `Known formats: ${formatNames.join(', ')}. Name one with --format.`,
  });
}
