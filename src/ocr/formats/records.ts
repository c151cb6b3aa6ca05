import { groupBy } from '../../base/group-by.js';
import type { Entries, Entry, FormatOptions, Unusable } from './format.js';
import { imageField } from './label-studio.js';
import { labelOf } from './sample.js';
import { textColumn } from './text-column.js';
import { isObject, labelFileError, listOf, type JsonObject } from './text-file.js';

/**
 * Flat records, one a label: Label Studio's JSON_MIN and CSV exports, and tables with a header. The image is the field
 * that looks like one, the text is found by {@link textColumn} among the fields that are not the exporter's own.
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
  return listOf(value).some(
    (record) => isObject(record) && 'annotation_id' in record && imageField(record) !== undefined,
  );
}

/** The records of a JSON_MIN export. */
export function readJsonRecords(value: unknown, file: string, options: FormatOptions = {}): Entries {
  const records = listOf(value).map((fields, index) => {
    if (isObject(fields)) return { fields };
    throw labelFileError(
      'label-record',
      file,
      `entry ${index + 1} is not an object`,
      'Each entry must have fields for the image and its text.',
    );
  });
  return readRecords(records, file, options);
}

/** A record and, in a table, where it stands. */
export interface LocatedRecord {
  readonly fields: JsonObject;
  readonly line?: number;
}

export function readRecords(
  located: readonly LocatedRecord[],
  file: string,
  options: FormatOptions = {},
): Entries {
  if (located.length === 0) {
    throw labelFileError('label-file-empty', file, 'holds no labels', 'Name a file with labels in it.');
  }
  const records = located.map(flatRecord);
  const image = imageOf(records, file);
  const field = textColumn(columnsWithText(records, image), file, options.field);
  const entries: Entry[] = [];
  const skipped: Unusable[] = [];
  for (const group of groupBy(records, (record) => annotatedTask(record, image)).values()) {
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
  index: number;
  name: string;
  id: number | string | undefined;
  /** Exporters count annotations up as they are made; 0 where there are none. */
  annotation: number;
  line: number | undefined;
  fields: JsonObject;
}

function flatRecord({ fields, line }: LocatedRecord, index: number): FlatRecord {
  const id = typeof fields['id'] === 'number' || typeof fields['id'] === 'string' ? fields['id'] : undefined;
  const place = line === undefined ? `record ${index + 1}` : `line ${line}`;
  const name = id !== undefined && 'annotation_id' in fields ? `task ${id}` : place;
  return { index, name, id, annotation: Number(fields['annotation_id'] ?? 0), line, fields };
}

/**
 * Label Studio writes a record for each annotation of a task, the newest first: the oldest usable one counts, as in the
 * full export. Any other table may have an `id` that means nothing here: each of its records is a label of its own.
 */
function annotatedTask({ id, index, fields }: FlatRecord, image: string): string {
  const ofTask = id !== undefined && 'annotation_id' in fields;
  return ofTask ? `task ${JSON.stringify([id, fields[image]])}` : `record ${index}`;
}

function readRecord(record: FlatRecord, image: string, field: string): Entry | Unusable {
  const { name, id, line, fields } = record;
  const text = labelOf(textsOf(fields[field]).map(labelOf).join(' '));
  const reference = fields[image];
  if (typeof reference !== 'string' || reference === '') return { name, reason: 'no image' };
  if (text === '') return { name, reason: 'no text', reference };
  return {
    name,
    ...(line === undefined ? {} : { line }),
    image: { reference },
    text,
    more: id === undefined ? {} : { task: id },
  };
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

/** The fields that hold text in any record, the image and the exporter's own left out. */
function columnsWithText(records: readonly FlatRecord[], image: string): string[] {
  const columns = new Set<string>();
  for (const { fields } of records) {
    for (const key of Object.keys(fields)) {
      if (key === image || OWN_FIELDS.has(key) || columns.has(key)) continue;
      if (textsOf(fields[key]).length > 0) columns.add(key);
    }
  }
  return [...columns];
}

/** The texts in a field: a string, a list of strings, or `{text: […]}` when an annotator entered several. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return value === '' ? [] : [value];
  if (Array.isArray(value)) return value.filter((text) => typeof text === 'string');
  return isObject(value) && 'text' in value ? textsOf(value['text']) : [];
}
