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
  const [first] = failures;
  if (first === undefined) return;
  if (failures.length === 1) throw first;
  const hints = [...new Set(failures.flatMap(({ hint }) => hint ?? []))];
  throw new OcrpipeError(first.code, failures.map(({ message }) => message).join('; '), {
    exitCode: failures.some(({ exitCode }) => exitCode === 1) ? 1 : first.exitCode,
    cause: first,
    ...(hints.length > 0 && { hint: hints.join(' ') }),
  });
}
