import { openHistory, type HistoryEntry } from './history.js';
import { openSamples, type SampleReading } from './sample-readings.js';

/** What is written down of a validation. */
export interface ValidationRecord {
  entry: HistoryEntry;
  readings: SampleReading[];
}

/** Writes down what each validation found: the curve, and some readings. What was found before stands in `progress`, where each is added. */
export function openRecord(
  files: { history?: string | undefined; samples?: string | undefined },
  { history, samples }: { history: HistoryEntry[]; samples: SampleReading[] },
): (of: ValidationRecord) => void {
  const curve = openHistory(files.history, history);
  const appendSamples = openSamples(files.samples, samples);
  return ({ entry, readings }) => {
    history.push(entry);
    samples.push(...readings);
    curve.append(entry);
    appendSamples(readings);
  };
}
