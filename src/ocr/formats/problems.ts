import { OcrpipeError, problemsOf, userError } from '../../base/errors.js';

/** At most this many problems are named in one message. */
const NAMED = 20;

/**
 * What `work` gives for each item. Errors that the user must correct (exit code 2) do not end it: they are thrown as one
 * when all items were tried, see {@link together}. Any other failure ends it at once.
 */
export function eachOf<T, R>(items: readonly T[], work: (item: T) => R, what: string): R[] {
  const results: R[] = [];
  const problems: OcrpipeError[] = [];
  for (const item of items) {
    try {
      results.push(work(item));
    } catch (error) {
      if (!(error instanceof OcrpipeError) || error.exitCode !== 2) throw error;
      problems.push(error);
    }
  }
  if (problems.length > 0) throw together(problems, `${problems.length} of ${items.length} ${what}`);
  return results;
}

/**
 * One error for several: itself if it is alone; otherwise `headline` and up to 20 of their messages. Its code is theirs
 * if they have one code, else `labels-unusable`; so it is with the file they are about.
 */
export function together(problems: readonly OcrpipeError[], headline: string): OcrpipeError {
  const [first] = problems;
  if (first !== undefined && problems.length === 1) return first;
  const more = problems.length - NAMED;
  const lines = problems.slice(0, NAMED).map(({ message }) => `\n  ${message}`);
  const message = `${headline}:${lines.join('')}${more > 0 ? `\n  and ${more} more ('--json' has them all)` : ''}`;
  const code = shared(problems, (problem) => problem.code);
  const file = shared(problems, ({ location }) => location?.file);
  const details = {
    hint: shared(problems, (problem) => problem.hint) ?? 'Correct or remove these.',
    ...(file === undefined ? {} : { location: { file } }),
    problems: problemsOf(problems),
  };
  return code === undefined
    ? userError('labels-unusable', message, details)
    : userError(code, message, details);
}

/** What all of them have, or undefined. */
function shared<R>(problems: readonly OcrpipeError[], of: (problem: OcrpipeError) => R): R | undefined {
  const values = new Set(problems.map(of));
  return values.size === 1 ? [...values][0] : undefined;
}
