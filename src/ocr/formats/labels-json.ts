import type { Entries, Entry } from './format.js';
import { labelOf, type Skipped } from './sample.js';
import { isObject, labelFileError } from './text-file.js';

/** One JSON object, image path -> text: `{"0001.png": "Hà Nội", …}`. */
export function isLabelsJson(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((text) => typeof text === 'string');
}

export function readLabelsJson(value: unknown, file: string): Entries {
  if (!isObject(value)) {
    throw labelFileError(
      'labels-json-shape',
      file,
      'is not an object of labels',
      'Write {"image": "text", …}.',
    );
  }
  const entries: Entry[] = [];
  const skipped: Skipped[] = [];
  for (const [reference, text] of Object.entries(value)) {
    if (typeof text !== 'string') {
      throw labelFileError(
        'labels-json-shape',
        file,
        `the label of '${reference}' is not a string`,
        'Write {"image": "text", …}.',
      );
    }
    const label = labelOf(text);
    if (label === '') skipped.push({ name: reference, reason: 'no text' });
    else entries.push({ name: `'${reference}'`, image: { reference }, text: label, more: {} });
  }
  return { entries, skipped };
}
