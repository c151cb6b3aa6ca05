import type { NeededRoot } from '../../store/gc/mark-needed.js';
import type { RunId } from '../../store/run-records.js';

/** What is needed, and which run records. */
export interface Needs {
  readonly roots: readonly NeededRoot[];
  readonly runs: readonly RunId[];
}

export function joinNeeds(all: readonly Needs[]): Needs {
  return { roots: all.flatMap(({ roots }) => roots), runs: all.flatMap(({ runs }) => runs) };
}
