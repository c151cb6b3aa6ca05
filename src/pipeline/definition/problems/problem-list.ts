import { locationText } from './location-text.js';
import type { Problem } from './problems.js';

/** Problems as they are found. What is wrong at one place in many instances of a stage is one problem. */
export class ProblemList {
  private readonly found = new Map<string, { problem: Problem; more: number }>();

  add(problem: Problem): void {
    const place = problem.location?.line === undefined ? problem.message : locationText(problem.location);
    const key = `${problem.code} ${place}`;
    const known = this.found.get(key);
    if (known === undefined) this.found.set(key, { problem, more: 0 });
    else if (known.problem.message !== problem.message) known.more += 1;
  }

  /** A misspelt key is why another one is missing: those come first. */
  all(): Problem[] {
    const problems = [...this.found.values()].map(({ problem, more }) =>
      more === 0 ? problem : { ...problem, message: `${problem.message} (and in ${more} more like it)` },
    );
    const isCause = ({ code }: Problem): boolean => code === 'unknown-key';
    return [...problems.filter(isCause), ...problems.filter((problem) => !isCause(problem))];
  }
}
