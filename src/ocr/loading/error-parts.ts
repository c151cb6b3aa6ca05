import { OcrpipeError } from '../../base/errors.js';
import type { ErrorParts } from './loader-protocol.js';

/** An error as a message to another thread, which knows no classes. */
export function partsOf({ code, message, hint, exitCode, location }: OcrpipeError): ErrorParts {
  return { code, message, exitCode, ...(hint !== undefined && { hint }), ...(location && { location }) };
}

/** The error that another thread met. */
export function errorOf({ code, message, ...details }: ErrorParts): OcrpipeError {
  return new OcrpipeError(code, message, details);
}
