/** What a process reports: 1 failed, 2 the user must correct something, 3 a check found differences, 130 interrupted. */
export type ExitCode = 1 | 2 | 3 | 130;

/** A place in a file that people write; line and column count from 1. */
export interface Location {
  file: string;
  line?: number;
  column?: number;
}

/** One of several that an error is about. */
export interface Problem {
  code: string;
  message: string;
  location?: Location;
}

/** What an error carries besides its message. */
export interface ErrorDetails {
  /** What to do next, a sentence or a command to type. */
  hint?: string;
  exitCode?: ExitCode;
  location?: Location;
  cause?: unknown;
  /** All that it is about, where that is several: the message names some of them. */
  problems?: readonly Problem[];
}

/**
 * The one error class of ocrpipe. Thrown where the knowledge is, worded once by `cli/`.
 * `code` is stable (kebab-case, listed in docs/errors.md); nothing may branch on `message`.
 */
export class OcrpipeError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly exitCode: ExitCode;
  readonly location: Location | undefined;
  readonly problems: readonly Problem[] | undefined;

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'OcrpipeError';
    this.code = code;
    this.hint = details.hint;
    this.exitCode = details.exitCode ?? 1;
    this.location = details.location;
    this.problems = details.problems;
  }
}

/** An error that the user must correct: wrong flags, files, configuration or input (exit code 2). */
export function userError(
  code: string,
  message: string,
  details: Omit<ErrorDetails, 'exitCode'> = {},
): OcrpipeError {
  return new OcrpipeError(code, message, { ...details, exitCode: 2 });
}

/** The same error with another hint. */
export function withHint(error: OcrpipeError, hint: string): OcrpipeError {
  const { code, message, exitCode, location, problems } = error;
  return new OcrpipeError(code, message, {
    exitCode,
    hint,
    cause: error,
    ...(location === undefined ? {} : { location }),
    ...(problems === undefined ? {} : { problems }),
  });
}

/** The same errors as the problems of another: those that are about several themselves one by one. */
export function problemsOf(errors: readonly OcrpipeError[]): Problem[] {
  return errors.flatMap(({ code, message, location, problems }) => [
    ...(problems ?? [{ code, message, ...(location === undefined ? {} : { location }) }]),
  ]);
}

/** The `code` of an error of the operating system ('ENOENT', …), or undefined for any other, ours and Node's `ERR_…` included. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  return /^E(?!RR_)[A-Z0-9_]+$/.test(error.code) ? error.code : undefined;
}
