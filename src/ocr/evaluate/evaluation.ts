import { textScore, type TextMetrics } from '../text/metrics.js';
import { confusionsOf, type Confusion } from './confusions.js';
import { scoreReadLine, type ReadLine, type ScoredLine } from './scored-line.js';

/** How many pairs the table of confusions has. */
const CONFUSED_PAIRS = 20;

/** Everything there is to say about some readings: a pure function of text and prediction. */
export interface Evaluation {
  readonly metrics: TextMetrics;
  /** All lines, in the order given. */
  readonly lines: readonly ScoredLine[];
  /** The lines with edits: most edits first, then in the order given. */
  readonly errors: readonly ScoredLine[];
  readonly confusions: readonly Confusion[];
}

export function evaluateLines(given: readonly ReadLine[]): Evaluation {
  const lines = given.map(scoreReadLine);
  const score = textScore();
  for (const line of lines) score.addScore(line);
  return {
    metrics: score.metrics(),
    lines,
    errors: lines.filter((line) => line.edits > 0).sort((a, b) => b.edits - a.edits),
    confusions: confusionsOf(lines, CONFUSED_PAIRS),
  };
}
