import { join } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.js';
import type { OutputFile, OutputKind } from '../../base/outputs.js';
import { isObject } from '../formats/text-file.js';
import { CONFUSION_COLUMNS, ERROR_COLUMNS, figure, PREDICTION_COLUMNS } from '../formats/own-tables.js';
import { tsvLine } from '../formats/tsv.js';
import type { TextMetrics } from '../text/metrics.js';
import type { Evaluation } from './evaluation.js';
import type { Confusion } from './confusions.js';
import type { ScoredLine } from './scored-line.js';

/** What a metrics file replaces: earlier figures, of an evaluation or of a training. */
export const metricsKind: OutputKind = { what: 'file of figures', owns: holdsFigures };

function holdsFigures(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && [value['exact'], value['cer'], value['count']].every(Number.isFinite);
  } catch {
    return false;
  }
}

/** The files that {@link writeReports} writes. */
export function reportFiles(flag: string, folder: string): OutputFile[] {
  const columns = {
    'predictions.tsv': PREDICTION_COLUMNS,
    'errors.tsv': ERROR_COLUMNS,
    'confusions.tsv': CONFUSION_COLUMNS,
  };
  return Object.entries(columns).map(([name, header]) => ({
    flag,
    path: join(folder, name),
    kind: { what: 'table', owns: (head) => head.startsWith(tsvLine(header)) },
  }));
}

/** Writes `predictions.tsv`, `errors.tsv` and `confusions.tsv` into `folder`, each at once or not at all. */
export function writeReports(folder: string, evaluation: Evaluation): void {
  writeFileAtomic(join(folder, 'predictions.tsv'), predictionsTsv(evaluation.lines));
  writeFileAtomic(join(folder, 'errors.tsv'), errorsTsv(evaluation.errors));
  writeFileAtomic(join(folder, 'confusions.tsv'), confusionsTsv(evaluation.confusions));
}

/** Writes the metrics file: one JSON object with the keys of {@link TextMetrics}. */
export function writeMetrics(file: string, metrics: TextMetrics): void {
  const { exact, cer, levenshtein, charF1, count } = metrics;
  writeFileAtomic(file, `${JSON.stringify({ exact, cer, levenshtein, charF1, count }, null, 2)}\n`);
}

export function predictionsTsv(lines: readonly ScoredLine[]): string {
  const rows = lines.map(({ image, text, prediction, confidence }) =>
    tsvLine([image, text, prediction, figure(confidence)]),
  );
  return tsvLine(PREDICTION_COLUMNS) + rows.join('');
}

export function errorsTsv(errors: readonly ScoredLine[]): string {
  const rows = errors.map((line) =>
    tsvLine([
      line.image,
      line.text,
      line.prediction,
      figure(line.confidence),
      line.edits,
      figure(line.edits / Math.max(1, line.length)),
    ]),
  );
  return tsvLine(ERROR_COLUMNS) + rows.join('');
}

export function confusionsTsv(confusions: readonly Confusion[]): string {
  const rows = confusions.map(({ kind, truth, prediction, count }) =>
    tsvLine([kind, truth, prediction, count]),
  );
  return tsvLine(CONFUSION_COLUMNS) + rows.join('');
}
