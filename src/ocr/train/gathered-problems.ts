import { OcrpipeError } from '../../base/errors.js';
import { together } from '../formats/problems.js';

/** Gathers what the user must correct (exit code 2), so that all of it is said at once. */
export class GatheredProblems {
  readonly #problems: OcrpipeError[] = [];

  /** What `work` gives; undefined where it found such a problem. Any other failure is thrown. */
  async try<T>(work: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof OcrpipeError) || error.exitCode !== 2) throw error;
      // One manifest for both parts has the same problems twice.
      if (!this.#problems.some(({ message }) => message === error.message)) this.#problems.push(error);
      return undefined;
    }
  }

  /** What `work` gave where all of it was there; throws what was found meanwhile. */
  settled<T extends readonly unknown[]>(...parts: T): { [K in keyof T]: Exclude<T[K], undefined> } {
    const { length } = this.#problems;
    if (length > 0) throw together(this.#problems, `training cannot begin, for ${length} reasons`);
    return parts as { [K in keyof T]: Exclude<T[K], undefined> };
  }
}
