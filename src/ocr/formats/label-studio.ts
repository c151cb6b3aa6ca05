import type { JsonValue } from '../../base/canonical-json.js';
import { shellQuote } from '../../base/shell-quote.js';
import type { Entries, Entry, FormatOptions, Unusable } from './format.js';
import { labelOf } from './sample.js';
import { isObject, labelFileError, listOf, type JsonObject } from './text-file.js';

/**
 * Label Studio's JSON export (of 2021 to 2026), image captioning and OCR templates: an array of tasks, each with
 * `data`, and `annotations` (once `completions`) whose results of type `textarea` hold the text. The first annotation
 * that is not cancelled and has text is taken; several texts in it (several regions, several lines) are joined by a
 * space in the order they were entered. Drafts and predictions are nobody's decision and are not read.
 */
export function isLabelStudio(value: unknown): boolean {
  const tasks = listOf(value);
  const isTask = (task: unknown): task is JsonObject => isObject(task) && isObject(task['data']);
  return (
    isTask(tasks[0]) && tasks.some((task) => isTask(task) && ('annotations' in task || 'completions' in task))
  );
}

export function readLabelStudio(value: unknown, file: string, options: FormatOptions = {}): Entries {
  const tasks = listOf(value).map((task, index) => asTask(task, index, file));
  const field = textField(tasks, file, options.field);
  const entries: Entry[] = [];
  const skipped: Unusable[] = [];
  for (const task of tasks) {
    const read = readTask(task, field);
    if ('reason' in read) {
      const field = imageField(task.data);
      const reference = field === undefined ? undefined : (task.data[field] as string);
      skipped.push({ name: task.name, reason: read.reason, reference });
    } else entries.push({ name: task.name, image: { reference: imageOf(task, file) }, ...read });
  }
  return { entries, skipped };
}

interface Task {
  name: string;
  id: JsonValue;
  data: JsonObject;
  annotations: readonly JsonObject[];
}

function asTask(task: unknown, index: number, file: string): Task {
  if (!isObject(task) || !isObject(task['data'])) {
    throw labelFileError(
      'label-studio-task',
      file,
      `entry ${index + 1} is no Label Studio task (it has no 'data')`,
      "Export the project as 'JSON'.",
    );
  }
  const id = typeof task['id'] === 'number' || typeof task['id'] === 'string' ? task['id'] : index + 1;
  const annotations = listOf(task['annotations'] ?? task['completions']).filter(isObject);
  return { name: `task ${id}`, id, data: task['data'], annotations };
}

/** The results of an annotation that hold text. */
function textResults(annotation: JsonObject): { from: string; texts: string[] }[] {
  return listOf(annotation['result'])
    .filter(isObject)
    .filter((result) => result['type'] === 'textarea' && isObject(result['value']))
    .map((result) => ({
      from: typeof result['from_name'] === 'string' ? result['from_name'] : '',
      texts: strings((result['value'] as JsonObject)['text']),
    }));
}

function strings(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return listOf(value).filter((text) => typeof text === 'string');
}

/** The name of the text area that holds the label; two of them are a question for the user. */
function textField(tasks: readonly Task[], file: string, wanted: string | undefined): string | undefined {
  const all = tasks.flatMap((task) => task.annotations.flatMap(textResults)).map((result) => result.from);
  const names = [...new Set(all)].sort();
  if (wanted !== undefined && names.includes(wanted)) return wanted;
  if (wanted === undefined && names.length <= 1) return names[0];
  throw labelFileError(
    'label-studio-field',
    file,
    wanted === undefined
      ? `the tasks have ${names.length} text areas: ${names.join(', ')}`
      : `no task has a text area '${wanted}'`,
    `Name the one that holds the label: --field ${shellQuote(names[0] ?? 'NAME')}`,
  );
}

function readTask(
  task: Task,
  field: string | undefined,
): { text: string; more: Record<string, JsonValue> } | { reason: string } {
  if (task.annotations.length === 0) return { reason: 'not annotated' };
  const kept = task.annotations.filter((annotation) => annotation['was_cancelled'] !== true);
  if (kept.length === 0) return { reason: 'cancelled' };
  for (const annotation of kept) {
    const results = textResults(annotation).filter((result) => result.from === field);
    const text = labelOf(results.flatMap((result) => result.texts.map(labelOf)).join(' '));
    if (text !== '') return { text, more: { task: task.id } };
  }
  return { reason: 'no text' };
}

/** Keys that Label Studio's own templates give the image. */
const IMAGE_KEYS = ['ocr', 'captioning', 'image', 'img', 'url'];
const IMAGE_LIKE = /^\/data\/|^[a-z][a-z0-9+.-]*:\/\/|\.(?:jpe?g|png|tiff?|webp|gif|bmp|avif|heic)(?:$|\?)/i;

function imageOf(task: Task, file: string): string {
  const found = imageField(task.data);
  if (found !== undefined) return task.data[found] as string;
  throw labelFileError(
    'label-studio-image',
    file,
    `${task.name} names no image in its data (${Object.keys(task.data).sort().join(', ')})`,
    'One key of the data must hold the path or URL of the image.',
  );
}

/** The key whose value is the image: one of the templates' names, else the only value that looks like an image. */
export function imageField(data: JsonObject): string | undefined {
  const like = Object.keys(data)
    .sort()
    .filter((key) => typeof data[key] === 'string' && IMAGE_LIKE.test(data[key]));
  return like.find((key) => IMAGE_KEYS.includes(key)) ?? (like.length === 1 ? like[0] : undefined);
}
