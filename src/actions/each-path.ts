import { OcrpipeError } from '../base/errors.js';

/**
 * Does the same for each of several paths. One that cannot be done is left, the others are done, and then the error is thrown
 * that says what was wrong with each. An abort ends it at once.
 */
export async function forEachPath<T>(
  paths: readonly T[],
  signal: AbortSignal,
  work: (path: T) => Promise<void>,
): Promise<void> {
  throwFailures(await failuresOfEach(paths, signal, work));
}

/** Like `forEachPath`, and returns what was wrong. */
export async function failuresOfEach<T>(
  paths: readonly T[],
  signal: AbortSignal,
  work: (path: T) => Promise<void>,
): Promise<OcrpipeError[]> {
  const failures: OcrpipeError[] = [];
  for (const path of paths) {
    try {
      await work(path);
    } catch (error) {
      if (!(error instanceof OcrpipeError) || signal.aborted) throw error;
      failures.push(error);
    }
  }
  return failures;
}

/** Throws them as one; nothing if there are none. */
export function throwFailures(failures: readonly OcrpipeError[]): void {
  const failure = joinFailures(failures);
  if (failure) throw failure;
}

/** Failures named in one message at most. */
const NAMED = 3;

/** All of them as one error, each on a line of its own; undefined if there are none. */
export function joinFailures(failures: readonly OcrpipeError[]): OcrpipeError | undefined {
  const [first] = failures;
  if (first === undefined || failures.length === 1) return first;
  const lines = failures.slice(0, NAMED).map(({ message }) => message.replaceAll('\n', '\n  '));
  const more = failures.length > NAMED ? [`and ${failures.length - NAMED} more`] : [];
  const hint = hintOf(failures);
  return new OcrpipeError(
    first.code,
    [`${failures.length} paths could not be done:`, ...lines, ...more].join('\n  '),
    {
      exitCode: failures.some(({ exitCode }) => exitCode === 1) ? 1 : first.exitCode,
      cause: first,
      ...(hint !== '' && { hint }),
    },
  );
}

/** One command gets all that is missing; other hints are given one by one. */
function hintOf(failures: readonly OcrpipeError[]): string {
  const missing = failures.filter(({ code }) => code === 'object-missing');
  const others = failures.filter((failure) => missing.length < 2 || !missing.includes(failure));
  const hints = new Set(others.slice(0, NAMED).flatMap(({ hint }) => hint ?? []));
  if (missing.length > 1) hints.add("Get what is missing from a remote with 'ocrpipe pull'.");
  return [...hints].join(' ');
}
