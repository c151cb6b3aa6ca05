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
