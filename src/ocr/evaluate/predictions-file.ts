import { basename, dirname, resolve } from 'node:path';
import { userError } from '../../base/errors.js';
import { groupBy } from '../../base/group-by.js';
import type { Sample } from '../formats/sample.js';
import { isObject, parseJsonLabels, readLabelFile } from '../formats/text-file.js';
import { tsvRows } from '../formats/tsv.js';
import type { ReadLine } from './scored-line.js';

/** One line of a predictions file; `text` is there if the file holds the truth as well. */
export interface Prediction {
  readonly image: string;
  readonly prediction: string;
  readonly text?: string | undefined;
  readonly confidence?: number | undefined;
}

/**
 * Reads what any tool has read: TSV with a header that names `image` and `prediction` (and `text`, `confidence`), TSV
 * without one (`image <TAB> prediction [<TAB> confidence]`, as `predict` prints), or JSON lines with those keys.
 * Throws `predictions-syntax` (exit code 2) with file and line.
 */
export function readPredictions(file: string): Prediction[] {
  const content = readLabelFile(file);
  return content.trimStart().startsWith('{') ? fromJsonLines(content, file) : fromTsv(content, file);
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
  const rows = tsvRows(content);
  const headed = rows[0]?.includes('prediction') ?? false;
  const header = headed ? rows[0]! : HEADERLESS;
  return rows.slice(headed ? 1 : 0).map((cells, index) => {
    const row = Object.fromEntries(header.map((name, column) => [name, cells[column]]));
    return toPrediction(row, file, index + (headed ? 2 : 1));
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
  const certain = confidence === undefined || confidence === '' ? undefined : Number(confidence);
  return {
    image,
    prediction,
    text: typeof text === 'string' ? text : undefined,
    confidence: Number.isFinite(certain) ? certain : undefined,
  };
}

/**
 * Each sample with its prediction, in the order of the samples. Images are matched by path (from the folder of the
 * predictions file, then from `cwd`), by the name that the manifest gives them, then by file name if that is
 * unambiguous. Throws `predictions-missing` (exit code 2) if a sample has none; predictions for other images are
 * passed over, so that a part of what was predicted can be scored.
 */
export function joinPredictions(
  samples: readonly Sample[],
  predictions: readonly Prediction[],
  from: { file: string; cwd: string },
): ReadLine[] {
  const byPath = new Map<string, Prediction>();
  for (const one of predictions) {
    byPath.set(`given ${one.image}`, one);
    byPath.set(`path ${resolve(from.cwd, one.image)}`, one);
    byPath.set(`path ${resolve(dirname(from.file), one.image)}`, one);
  }
  const byName = groupBy(predictions, ({ image }) => basename(image));
  const namesakes = groupBy(samples, ({ image }) => basename(image));
  const find = (sample: Sample): Prediction | undefined => {
    const name = basename(sample.image);
    const named = byName.get(name) ?? [];
    const unambiguous = named.length === 1 && namesakes.get(name)?.length === 1;
    const direct = byPath.get(`path ${sample.image}`) ?? byPath.get(`given ${sample.name}`);
    return direct ?? (unambiguous ? named[0] : undefined);
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
