import { OcrpipeError } from '../../base/errors.js';
import type { Sample } from './sample.js';

/**
 * Runs `work` on the image of a sample. What it refuses names the line of `source` (as it was typed) that names the image, where
 * that is a file of lines: it is there that a wrong name is corrected.
 */
export async function statingLine<T>(
  sample: Pick<Sample, 'line'>,
  source: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof OcrpipeError ? statedLine(sample, source, error) : error;
  }
}

/** The error about the image of a sample, with the line that names it. */
export function statedLine(
  { line }: Pick<Sample, 'line'>,
  source: string,
  error: OcrpipeError,
): OcrpipeError {
  if (line === undefined) return error;
  const { code, message, hint, exitCode } = error;
  return new OcrpipeError(code, `${source}:${line}: ${message}`, {
    exitCode,
    location: { file: source, line },
    cause: error,
    ...(hint !== undefined && { hint }),
  });
}
