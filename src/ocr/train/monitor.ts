import type { TextMetrics } from '../text/metrics.js';
import type { HistoryEntry } from './history.js';
import type { TrainConfig } from './train-config.js';

/** The figure that chooses the best weights: the smaller, the better. */
export function monitoredOf({ cer, exact }: TextMetrics, { monitor }: Pick<TrainConfig, 'monitor'>): number {
  return monitor === 'valCer' ? cer : -exact;
}

/** The same of validations that are past. */
export function monitoredIn(
  history: readonly HistoryEntry[],
  { monitor }: Pick<TrainConfig, 'monitor'>,
): number[] {
  return history.map(({ valCer, valExact }) => (monitor === 'valCer' ? valCer : -valExact));
}

/** The figures of a past validation of `count` lines. */
export function metricsOf(entry: HistoryEntry, count: number): TextMetrics {
  const { valExact, valCer, valLevenshtein, valCharF1 } = entry;
  return { count, exact: valExact, cer: valCer, levenshtein: valLevenshtein, charF1: valCharF1 };
}
