import { codePoints } from './code-points.js';
import { codePointDistance } from './edit-distance.js';
import { sequenceRatio } from './sequence-ratio.js';

/** How well some lines were read; the keys are those of every metrics file. */
export interface TextMetrics {
  /** Lines scored. */
  count: number;
  /** Share of lines read without any error, 0 to 1. */
  exact: number;
  /** All edits over all true characters (over 1 if there are none): may pass 1. */
  cer: number;
  /** Mean edits a line. */
  levenshtein: number;
  /** Mean over lines of {@link sequenceRatio}, 0 to 1. */
  charF1: number;
}

/** What one line adds. */
export interface LineScore {
  edits: number;
  /** True characters. */
  length: number;
  charF1: number;
}

export function scoreLine(truth: string, prediction: string): LineScore {
  const a = codePoints(truth);
  const edits = codePointDistance(a, codePoints(prediction));
  return { edits, length: a.length, charF1: edits === 0 ? 1 : sequenceRatio(truth, prediction) };
}

/** Adds up lines one by one, for a training loop that wants figures as it goes. */
export interface TextScore {
  add(truth: string, prediction: string): LineScore;
  /** Adds a line that was scored before. */
  addScore(line: LineScore): void;
  /** Over all lines added so far; all zero if there were none. */
  metrics(): TextMetrics;
}

export function textScore(): TextScore {
  const sum = { count: 0, exact: 0, edits: 0, length: 0, charF1: 0 };
  const addScore = (line: LineScore): void => {
    sum.count += 1;
    sum.exact += line.edits === 0 ? 1 : 0;
    sum.edits += line.edits;
    sum.length += line.length;
    sum.charF1 += line.charF1;
  };
  return {
    add(truth, prediction) {
      const line = scoreLine(truth, prediction);
      addScore(line);
      return line;
    },
    addScore,
    metrics() {
      const lines = Math.max(1, sum.count);
      return {
        count: sum.count,
        exact: sum.exact / lines,
        cer: sum.edits / Math.max(1, sum.length),
        levenshtein: sum.edits / lines,
        charF1: sum.charF1 / lines,
      };
    },
  };
}

export function scoreLines(rows: Iterable<{ truth: string; prediction: string }>): TextMetrics {
  const score = textScore();
  for (const { truth, prediction } of rows) score.add(truth, prediction);
  return score.metrics();
}
