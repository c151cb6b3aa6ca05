import { openHistory, type HistoryEntry } from './history.js';
import { openSamples, type SampleReading } from './sample-readings.js';
import type { Board } from './tensorboard/board.js';
import type { WorstLine } from './tensorboard/worst-lines.js';

/** What is written down of a validation. */
export interface ValidationRecord {
  entry: HistoryEntry;
  readings: SampleReading[];
  /** Empty unless somebody looks at them. */
  worst: WorstLine[];
}

/** Where it is written. */
export interface RecordFiles {
  history?: string | undefined;
  samples?: string | undefined;
  board: Board;
}

/** Writes down what each validation found: the curve, and some readings. What was found before stands in `progress`, where each is added. */
export function openRecord(
  files: RecordFiles,
  { history, samples }: { history: HistoryEntry[]; samples: SampleReading[] },
): (of: ValidationRecord) => void {
  const curve = openHistory(files.history, history);
  const appendSamples = openSamples(files.samples, samples);
  return ({ entry, readings, worst }) => {
    history.push(entry);
    samples.push(...readings);
    curve.append(entry);
    appendSamples(readings);
    files.board.validated(entry, readings, worst);
  };
}
