import * as Flags from '@oclif/core/flags';

/** What a text format needs of a prediction. */
interface Readable {
  image: string;
  text: string;
  confidence: number;
}

/** How `predict` prints its readings, one image a line. */
const FORMATS = ['tsv', 'text', 'jsonl'] as const;

export const formatFlag = Flags.option({
  options: FORMATS,
  default: 'tsv' as const,
  helpValue: 'NAME',
  description: 'what a line is: tsv (file, text, confidence), text (alone), or jsonl (an object)',
})();

/** The line of one reading, with its line break; `tsvLine` writes cells. */
export function predictionLine(
  prediction: Readable,
  format: (typeof FORMATS)[number],
  tsvLine: (cells: readonly string[]) => string,
): string {
  if (format === 'jsonl') return `${JSON.stringify(prediction)}\n`;
  if (format === 'text') return `${prediction.text}\n`;
  return tsvLine([prediction.image, prediction.text, prediction.confidence.toFixed(4)]);
}
