import { OcrpipeError, systemErrorCode } from '../base/errors.js';
import { errorText, systemHint } from './error-report.js';

/** Says on stderr that stdout could not be written, with or without `--json`. */
export function reportOutputFailure(error: Error): void {
  const message = `the output could not be written: ${error.message}`;
  const hint = systemHint(systemErrorCode(error) ?? '');
  const failure = new OcrpipeError('output-not-written', message, { cause: error, hint });
  process.stderr.write(`${errorText(failure)}\n`);
}
