import { sep } from 'node:path';
import { OcrpipeError, type Location, type Problem } from '../base/errors.js';

/** Runs `work`; paths below `cwd` in an error that it throws are named from there, as people type them. */
export async function withShownPaths<T>(cwd: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof OcrpipeError ? fromFolder(error, cwd) : error;
  }
}

function fromFolder(error: OcrpipeError, cwd: string): OcrpipeError {
  if (cwd === sep) return error;
  const shown = (text: string): string =>
    text
      .split(`${cwd}${sep}`)
      // A longer path that has this one inside is another path.
      .reduce((before, after) =>
        /[^\s'"(]$/.test(before) ? `${before}${cwd}${sep}${after}` : before + after,
      );
  const placed = (location: Location): Location => ({ ...location, file: shown(location.file) });
  const { location, hint, exitCode, cause, problems } = error;
  return new OcrpipeError(error.code, shown(error.message), {
    exitCode,
    ...(hint === undefined ? {} : { hint: shown(hint) }),
    ...(location === undefined ? {} : { location: placed(location) }),
    ...(problems === undefined
      ? {}
      : { problems: problems.map((problem) => shownProblem(problem, { shown, placed })) }),
    ...(cause === undefined ? {} : { cause }),
  });
}

function shownProblem(
  { code, message, location }: Problem,
  { shown, placed }: { shown: (text: string) => string; placed: (location: Location) => Location },
): Problem {
  return { code, message: shown(message), ...(location === undefined ? {} : { location: placed(location) }) };
}
