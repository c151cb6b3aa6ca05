import { userError, type OcrpipeError, type Location } from '../../../base/errors.js';
import { locationText } from './location-text.js';

/** One thing that the user must correct; several are reported together. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly location?: Location;
}

/** The problem that an error of a parser tells. */
export function problemOf({ code, message, hint, location }: OcrpipeError): Problem {
  return { code, message, ...(hint !== undefined && { hint }), ...(location && { location }) };
}

/** One error for all problems: its code, place and hint are those of the first. */
export function problemsError(problems: readonly [Problem, ...Problem[]]): OcrpipeError {
  const [first] = problems;
  const message = problems.length === 1 ? first.message : listOf(problems);
  return userError(first.code, message, {
    ...(first.hint !== undefined && { hint: first.hint }),
    ...(first.location && { location: first.location }),
  });
}

/** Throws `problemsError` unless the list is empty. */
export function throwProblems(problems: readonly Problem[]): void {
  const [first, ...rest] = problems;
  if (first) throw problemsError([first, ...rest]);
}

function listOf(problems: readonly Problem[]): string {
  const lines = problems.map((problem) => {
    const place = problem.location ? `${locationText(problem.location)}: ` : '';
    return `  ${place}${problem.message}${problem.hint === undefined ? '' : ` (${problem.hint})`}`;
  });
  return `${problems.length} problems:\n${lines.join('\n')}`;
}
