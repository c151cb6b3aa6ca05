import { shellQuote } from '../../base/shell-quote.js';
import { labelFileError } from './text-file.js';

/** What tools and people call the column that holds the label. */
const TEXT_NAMES = new Set([
  'text',
  'label',
  'labels',
  'transcription',
  'transcript',
  'ground_truth',
  'groundtruth',
  'gt',
  'gt_text',
  'caption',
  'plate',
  'plate_number',
  'license_plate',
  'licence_plate',
  'truth',
  'words',
  'word',
]);

/** True for `text`, `label`, `Ground Truth` and the like. */
export function isTextName(name: string): boolean {
  return TEXT_NAMES.has(name.trim().toLowerCase().replaceAll(/[\s-]/g, '_'));
}

/**
 * The column that holds the label, of those that hold any text: the one that was asked for, else the only one with a
 * usual name for it, else the only one. Throws `label-records-field` (exit code 2) where that leaves a choice or nothing.
 */
export function textColumn(columns: readonly string[], file: string, wanted: string | undefined): string {
  if (wanted !== undefined && columns.includes(wanted)) return wanted;
  const usual = columns.filter(isTextName);
  const candidates = usual.length > 0 ? usual : columns;
  const [only, another] = candidates;
  if (wanted === undefined && only !== undefined && another === undefined) return only;
  const known = [...columns].sort().join(', ');
  throw labelFileError(
    'label-records-field',
    file,
    wanted !== undefined
      ? `no record has text in '${wanted}' (columns with text: ${known})`
      : another === undefined
        ? 'no column holds text besides the image'
        : `which column holds the text is not clear: ${[...candidates].sort().join(', ')}`,
    only === undefined ? "Call the column with the label 'text'." : `Name it: --field ${shellQuote(only)}`,
  );
}
