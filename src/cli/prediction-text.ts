import * as Flags from '@oclif/core/flags';
import type { OcrpipeError } from '../base/errors.js';
import { errorDocument } from './error-report.js';

/** What a text format needs of a prediction, or of an image that cannot be read. */
type Readable = { image: string; text: string; confidence: number } | { image: string; error: OcrpipeError };

/** How `predict` prints its readings, one image a line. */
const FORMATS = ['tsv', 'text', 'jsonl'] as const;

export const formatFlag = Flags.option({
  options: FORMATS,
  default: 'tsv' as const,
  helpValue: 'NAME',
  description: 'what a line is: tsv (file, text, confidence), text (alone), or jsonl (an object)',
})();

/**
 * The line of one image, with its line break; `tsvLine` writes cells. An image that cannot be read has an object with its error, an empty
 * text, so that the n-th line is the n-th image, and no line in a table.
 */
export function predictionLine(
  outcome: Readable,
  format: (typeof FORMATS)[number],
  tsvLine: (cells: readonly string[]) => string,
): string {
  if ('error' in outcome) return failureLine(outcome, format);
  if (format === 'jsonl') return `${JSON.stringify(outcome)}\n`;
  if (format === 'text') return `${outcome.text}\n`;
  return tsvLine([outcome.image, outcome.text, outcome.confidence.toFixed(4)]);
}

function failureLine(
  { image, error }: { image: string; error: OcrpipeError },
  format: (typeof FORMATS)[number],
): string {
  if (format === 'jsonl') return `${JSON.stringify({ image, ...errorDocument(error) })}\n`;
  return format === 'text' ? '\n' : '';
}
