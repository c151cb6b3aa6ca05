import { groupBy } from '../../base/group-by.js';
import type { Entries, Entry, FormatOptions } from './format.js';
import { imageField } from './label-studio.js';
import { labelOf, type Skipped } from './sample.js';
import { isObject, labelFileError, listOf, type JsonObject } from './text-file.js';

/**
 * Flat records, one a label: Label Studio's JSON_MIN and CSV exports, and tables with a header. The image is the field
 * that looks like one. The text is the field named by the user, else `text`, else, of the fields that are not the
 * exporter's own, the one with the most different values (a choice such as Good/Bad repeats, a transcription does not).
 */
const OWN_FIELDS = new Set([
  'id',
  'annotator',
  'annotation_id',
  'created_at',
  'updated_at',
  'lead_time',
  'confidence',
]);

export function isLabelStudioMin(value: unknown): boolean {
  const [first] = listOf(value);
  return isObject(first) && 'annotation_id' in first && imageField(first) !== undefined;
}

export function readRecords(value: unknown, file: string, options: FormatOptions = {}): Entries {
  const records = listOf(value).map((record, index) => asRecord(record, index, file));
  const image = imageOf(records, file);
  const field = textField(records, image, file, options.field);
  const entries: Entry[] = [];
  const skipped: Skipped[] = [];
  // A task may have a record for each annotation, the newest first: the oldest usable one counts, as in the full export.
  for (const group of groupBy(records, (record) => record.name).values()) {
    const read = group
      .sort((a, b) => a.annotation - b.annotation)
      .map((record) => readRecord(record, image, field));
    const usable = read.find((entry) => 'image' in entry);
    if (usable) entries.push(usable);
    else skipped.push(...read.slice(0, 1).filter((entry) => 'reason' in entry));
  }
  return { entries, skipped };
}

interface FlatRecord {
  name: string;
  id: number | string | undefined;
  /** Exporters count annotations up as they are made; 0 where there are none. */
  annotation: number;
  fields: JsonObject;
}

function asRecord(record: unknown, index: number, file: string): FlatRecord {
  if (!isObject(record)) {
    throw labelFileError(
      'label-record',
      file,
      `entry ${index + 1} is not an object`,
      'Each entry must have fields for the image and its text.',
    );
  }
  const id = typeof record['id'] === 'number' || typeof record['id'] === 'string' ? record['id'] : undefined;
  const name = id === undefined ? `record ${index + 1}` : `task ${id}`;
  return { name, id, annotation: Number(record['annotation_id'] ?? 0), fields: record };
}

function readRecord({ name, id, fields }: FlatRecord, image: string, field: string): Entry | Skipped {
  const text = labelOf(textsOf(fields[field]).map(labelOf).join(' '));
  const reference = fields[image];
  if (text === '') return { name, reason: 'no text' };
  if (typeof reference !== 'string' || reference === '') return { name, reason: 'no image' };
  return { name, image: { reference }, text, more: id === undefined ? {} : { task: id } };
}

function imageOf(records: readonly FlatRecord[], file: string): string {
  for (const { fields } of records) {
    if (typeof fields['image'] === 'string') return 'image';
    const found = imageField(fields);
    if (found !== undefined) return found;
  }
  throw labelFileError(
    'label-records-image',
    file,
    'no field looks like the path or URL of an image',
    "Call the field with the image's path 'image'.",
  );
}

function textField(
  records: readonly FlatRecord[],
  image: string,
  file: string,
  wanted: string | undefined,
): string {
  const values = differentTexts(records, image);
  const name = wanted ?? (values.has('text') ? 'text' : undefined);
  if (name !== undefined && values.has(name)) return name;
  const sizes = [...values]
    .map(([key, texts]) => ({ key, size: texts.size }))
    .sort((a, b) => b.size - a.size);
  const [first, second] = sizes;
  if (wanted === undefined && first && first.size > (second?.size ?? 0)) return first.key;
  const known = [...values.keys()].sort().join(', ');
  throw labelFileError(
    'label-records-field',
    file,
    wanted === undefined
      ? `which field holds the text is not clear (${known})`
      : `no record has text in '${wanted}' (${known})`,
    'Name the field with --field.',
  );
}

/** For each field that may hold the text, the different values that it has. */
function differentTexts(records: readonly FlatRecord[], image: string): Map<string, Set<string>> {
  const values = new Map<string, Set<string>>();
  for (const { fields } of records) {
    for (const key of Object.keys(fields).filter((name) => name !== image && !OWN_FIELDS.has(name))) {
      const texts = textsOf(fields[key]);
      if (texts.length === 0) continue;
      const seen = values.get(key) ?? new Set<string>();
      values.set(key, seen.add(texts.join(' ')));
    }
  }
  return values;
}

/** The texts in a field: a string, a list of strings, or `{text: […]}` when an annotator entered several. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return value === '' ? [] : [value];
  if (Array.isArray(value)) return value.filter((text) => typeof text === 'string');
  return isObject(value) && 'text' in value ? textsOf(value['text']) : [];
}
