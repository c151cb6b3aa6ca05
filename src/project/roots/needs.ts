import type { LockEntry } from '../../pipeline/records/lock-file.js';
import type { NeededRoot } from '../../store/needed-root.js';
import type { RunId } from '../../store/run-records.js';
import type { Snapshot } from '../../tracking/workspace-files.js';

/** What is needed, and which run records. */
export interface Needs {
  readonly roots: readonly NeededRoot[];
  readonly runs: readonly RunId[];
  /** Broken files of old commits that were passed over as was asked: 'data/raw.ocr (in commit 1a2b3c4d5e)'. */
  readonly skipped?: readonly string[];
}

export function joinNeeds(all: readonly Needs[]): Required<Needs> {
  return {
    roots: all.flatMap(({ roots }) => roots),
    runs: all.flatMap(({ runs }) => runs),
    skipped: all.flatMap(({ skipped = [] }) => skipped),
  };
}

/** What a pointer or an output of a lock names. */
export function rootOf({ kind, id, size }: Snapshot, needer: string): NeededRoot {
  return kind === 'directory' ? { kind: 'tree', id, needer } : { kind: 'blob', id, size, needer };
}

/** What a stage of a lock names: its results, and the listings by which it is told later what changed. */
export function rootsOfEntry({ deps, outs }: LockEntry, neederOf: (path: string) => string): NeededRoot[] {
  const listings = deps.filter(({ kind }) => kind === 'directory');
  return [
    ...outs.map(({ path, ...snapshot }) => rootOf(snapshot, neederOf(path))),
    ...listings.map(({ id, path }): NeededRoot => ({ kind: 'listing', id, needer: neederOf(path) })),
  ];
}
