import type { Call } from '../base/call.js';
import { OcrpipeError } from '../base/errors.js';
import { withProgressOfMany } from '../base/with-progress.js';

/** Who calls: an abort ends the work at once, and how far it is is told where there are many paths. */
type Caller = Pick<Call, 'signal' | 'events'>;

/** Does the same for each of several paths. One that cannot be done is left, the others are done; returns what was wrong. */
export function failuresOfEach<T>(
  paths: readonly T[],
  call: Caller,
  work: (path: T) => Promise<void>,
): Promise<OcrpipeError[]> {
  const shown = { key: 'paths', total: paths.length, unit: 'files' } as const;
  return withProgressOfMany(shown, call, async (breathe) => {
    const failures: OcrpipeError[] = [];
    for (const [done, path] of paths.entries()) {
      await breathe(done);
      try {
        await work(path);
      } catch (error) {
        if (!(error instanceof OcrpipeError) || call.signal.aborted) throw error;
        failures.push(error);
      }
    }
    return failures;
  });
}

/**
 * Does work on all paths at once, which costs less. Where that cannot be done it is done for each by itself, again for those that are
 * done by then; returns what was wrong.
 */
export async function failuresOfAll<T>(
  paths: readonly T[],
  call: Caller,
  work: (paths: readonly T[]) => Promise<void>,
): Promise<OcrpipeError[]> {
  if (paths.length === 0) return [];
  try {
    await work(paths);
    return [];
  } catch (error) {
    if (!(error instanceof OcrpipeError) || call.signal.aborted) throw error;
    return paths.length === 1 ? [error] : failuresOfEach(paths, call, (path) => work([path]));
  }
}

/** Throws them as one; nothing if there are none. `what` failed, in the plural. */
export function throwFailures(failures: readonly OcrpipeError[], what = 'paths'): void {
  const failure = joinFailures(failures, what);
  if (failure) throw failure;
}

/** Failures named in one message at most. */
const NAMED = 3;

/** All of them as one error, each on a line of its own; undefined if there are none. */
export function joinFailures(failures: readonly OcrpipeError[], what = 'paths'): OcrpipeError | undefined {
  const [first] = failures;
  if (first === undefined || failures.every(({ message }) => message === first.message)) return first;
  const lines = failures.slice(0, NAMED).map(({ message }) => message.replaceAll('\n', '\n  '));
  const more = failures.length > NAMED ? [`and ${failures.length - NAMED} more`] : [];
  const hint = hintOf(failures);
  return new OcrpipeError(
    first.code,
    [`${failures.length} ${what} could not be done:`, ...lines, ...more].join('\n  '),
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
