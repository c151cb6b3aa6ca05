import { basename, dirname, resolve } from 'node:path';
import { userError } from '../../base/errors.js';
import { groupBy } from '../../base/group-by.js';
import type { Sample } from '../formats/sample.js';
import { hasLoneSurrogate } from '../formats/check-labels.js';
import { isObject, parseJsonLabels, readLabelFile } from '../formats/text-file.js';
import { tableRows } from '../formats/own-tables.js';
import type { ReadLine } from './scored-line.js';

/** One line of a predictions file; `text` is there if the file holds the truth as well. */
export interface Prediction {
  readonly image: string;
  readonly prediction: string;
  readonly text?: string | undefined;
  readonly confidence?: number | undefined;
  /** Where the file states it; counts from 1. */
  readonly line?: number;
}

/**
 * Reads what any tool has read: TSV with a header that names `image` and `prediction` (and `text`, `confidence`), TSV
 * without one (`image <TAB> prediction [<TAB> confidence]`, as `predict` prints), or JSON lines with those keys.
 * Throws `predictions-syntax` and `predictions-twice` (exit code 2) with file and line.
 */
export function readPredictions(file: string): Prediction[] {
  const content = readLabelFile(file);
  const rows = content.trimStart().startsWith('{') ? fromJsonLines(content, file) : fromTsv(content, file);
  const seen = new Map<string, Prediction>();
  for (const row of rows) {
    const before = seen.get(row.image);
    if (before) throw twice(file, before, row);
    seen.set(row.image, row);
  }
  return rows;
}

function twice(file: string, before: Prediction, row: Prediction): Error {
  const [place, line] = row.line === undefined ? [{ file }, ''] : [{ file, line: row.line }, `:${row.line}`];
  const earlier = before.line === undefined ? '' : ` (first in line ${before.line})`;
  return userError('predictions-twice', `${file}${line}: a second prediction for ${row.image}${earlier}`, {
    location: place,
    hint: 'Keep one prediction for each image.',
  });
}

function fromJsonLines(content: string, file: string): Prediction[] {
  return content.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const row = parseJsonLabels(line, `${file}:${index + 1}`);
    return [toPrediction(isObject(row) ? row : {}, file, index + 1)];
  });
}

const HEADERLESS = ['image', 'prediction', 'confidence'];

function fromTsv(content: string, file: string): Prediction[] {
  const rows = tableRows(content);
  const headed = rows[0]?.cells.includes('prediction') ?? false;
  const header = headed ? rows[0]!.cells : HEADERLESS;
  return rows.slice(headed ? 1 : 0).map(({ line, cells }) => {
    const row = Object.fromEntries(header.map((name, column) => [name, cells[column]]));
    return toPrediction(row, file, line);
  });
}

function toPrediction(row: Readonly<Record<string, unknown>>, file: string, line: number): Prediction {
  const { image, prediction, text, confidence } = row;
  if (typeof image !== 'string' || image === '' || typeof prediction !== 'string') {
    throw userError('predictions-syntax', `${file}:${line}: this line has no 'image' and 'prediction'`, {
      location: { file, line },
      hint: 'Write a TSV with the header image, prediction (and confidence), or JSON lines with these keys.',
    });
  }
  if (hasLoneSurrogate(prediction)) {
    throw userError('predictions-syntax', `${file}:${line}: this prediction has half of a surrogate pair`, {
      location: { file, line },
      hint: 'Write the whole character.',
    });
  }
  return {
    image,
    prediction,
    text: typeof text === 'string' ? text : undefined,
    confidence: confidenceOf(confidence),
    line,
  };
}

/** A number, also in writing; anything else, `null` and nothing included, says nothing of how sure the reading is. */
function confidenceOf(value: unknown): number | undefined {
  const isNumber = typeof value === 'number' || (typeof value === 'string' && value.trim() !== '');
  const number = isNumber ? Number(value) : NaN;
  return Number.isFinite(number) ? number : undefined;
}

/**
 * Each sample with its prediction, in the order of the samples. Images are matched by path (from the folder of the
 * predictions file, then from `cwd`), by the name that the manifest gives them, then by file name if that is
 * unambiguous. Throws (exit code 2) `predictions-missing` if a sample has none and `predictions-twice` if it has two that
 * differ; predictions for other images are passed over, so that a part of what was predicted can be scored.
 */
export function joinPredictions(
  samples: readonly Sample[],
  predictions: readonly Prediction[],
  from: { file: string; cwd: string },
): ReadLine[] {
  const byPath = groupBy(
    predictions.flatMap((one) => placesOf(one, from).map((place) => ({ one, place }))),
    ({ place }) => place,
  );
  const byName = groupBy(predictions, ({ image }) => basename(image));
  const namesakes = groupBy(samples, ({ image }) => basename(image));
  const find = (sample: Sample): Prediction | undefined => {
    const name = basename(sample.image);
    const named = byName.get(name) ?? [];
    const unambiguous = named.length === 1 && namesakes.get(name)?.length === 1;
    const direct = byPath.get(`path ${sample.image}`) ?? byPath.get(`given ${sample.name}`);
    if (direct === undefined) return unambiguous ? named[0] : undefined;
    const [{ one }, another] = [direct[0]!, direct.find((each) => each.one.image !== direct[0]!.one.image)];
    if (another && another.one.prediction !== one.prediction) throw twice(from.file, one, another.one);
    return one;
  };
  const found = samples.map((sample) => ({ sample, prediction: find(sample) }));
  const missing = found.filter(({ prediction }) => !prediction).map(({ sample }) => sample);
  if (missing.length > 0) throw missingPredictions(from.file, missing.length, missing[0]!);
  return found.map(({ sample, prediction }) => ({
    image: sample.image,
    text: sample.text,
    prediction: prediction!.prediction,
    confidence: prediction!.confidence,
  }));
}

/** What the image of a prediction may be called. */
function placesOf({ image }: Prediction, from: { file: string; cwd: string }): string[] {
  const paths = [resolve(from.cwd, image), resolve(dirname(from.file), image)];
  return [`given ${image}`, ...new Set(paths.map((path) => `path ${path}`))];
}

function missingPredictions(file: string, count: number, first: Sample): Error {
  return userError(
    'predictions-missing',
    `${file} has no prediction for ${count} images, the first is ${first.name}`,
    {
      location: { file },
      hint: 'Predict every image of the data, or evaluate on the part that was predicted.',
    },
  );
}
