import { userError } from '../../base/errors.js';
import type { Entries, Entry, Unusable } from './format.js';
import { labelOf } from './sample.js';
import { shownName } from './shown-name.js';
import { isObject, labelFileError } from './text-file.js';

/** One JSON object, image path -> text: `{"0001.png": "Hà Nội", …}`. */
export function isLabelsJson(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((text) => typeof text === 'string');
}

/** `value` is what was parsed from `text`, which is asked again for keys that stand in it twice (`labels-json-twice`). */
export function readLabelsJson(value: unknown, file: string, text: string): Entries {
  if (!isObject(value)) {
    throw labelFileError(
      'labels-json-shape',
      file,
      'is not an object of labels',
      'Write {"image": "text", …}.',
    );
  }
  const entries: Entry[] = [];
  const skipped: Unusable[] = [];
  for (const [reference, said] of Object.entries(value)) {
    if (typeof said !== 'string') {
      throw labelFileError(
        'labels-json-shape',
        file,
        `the label of '${shownName(reference)}' is not a string`,
        'Write {"image": "text", …}.',
      );
    }
    const label = labelOf(said);
    if (label === '') skipped.push({ name: reference, reason: 'no text', reference });
    else entries.push({ name: `'${reference}'`, image: { reference }, text: label, more: {} });
  }
  refuseTwice(file, text);
  return { entries, skipped };
}

/** A parser of JSON takes the last of two equal keys; which label is right only its author knows. */
function refuseTwice(file: string, text: string): void {
  const seen = new Set<string>();
  let isKey = false;
  // Keys and texts take turns: every value was seen to be a string.
  for (const token of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"/g)) {
    isKey = !isKey;
    if (!isKey) continue;
    const key = String(JSON.parse(token[0]));
    if (seen.has(key)) {
      const line = text.slice(0, token.index).split('\n').length;
      throw userError('labels-json-twice', `${file}:${line}: '${shownName(key)}' stands here a second time`, {
        location: { file, line },
        hint: 'Keep the right label.',
      });
    }
    seen.add(key);
  }
}
