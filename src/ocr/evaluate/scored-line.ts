import { scoreLine, type LineScore } from '../text/metrics.js';

/** What was read in one image, beside what stands there. */
export interface ReadLine {
  /** How reports name the image. */
  readonly image: string;
  readonly text: string;
  readonly prediction: string;
  /** 0 to 1; undefined where whoever read it did not say. */
  readonly confidence?: number | undefined;
}

export interface ScoredLine extends ReadLine, LineScore {}

export function scoreReadLine(line: ReadLine): ScoredLine {
  return { ...line, ...scoreLine(line.text, line.prediction) };
}
