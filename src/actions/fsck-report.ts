import type { RepoPath } from '../base/paths.js';
import type { CheckedName, Finding } from '../store/fsck/finding.js';
import type { Place } from '../store/fsck/needs.js';
import { textBelow } from '../tracking/byte-path.js';

/**
 * Where what was damaged or missing came from: another copy in the store itself (of what a remote has: this machine's store), a
 * file of the workspace, a remote. `dropped`: a run record, which is only a memory; its stage is run again where it would have been
 * restored.
 */
export type Healed = 'store' | 'workspace' | 'remote' | 'dropped';

/** An object that is wrong, and what needs it. */
export interface Damaged extends Finding {
  /** Tracked paths, or files in them; `:` and `HEAD:` before those that only git's index or its last commit has. */
  paths: readonly string[];
  healed?: Healed;
}

/** An object that is in no place known of, and what needs it. */
export interface Missing {
  object: CheckedName;
  paths: readonly string[];
  healed?: Healed;
}

/** Places as they are shown. */
export function placesText(places: readonly Place[]): string[] {
  return places.map(({ root, below }) => textBelow(root as RepoPath, below));
}

/** True if something is wrong, and was not healed. */
export function isUnhealed({
  damaged,
  missing,
}: {
  damaged: readonly Damaged[];
  missing: readonly Missing[];
}): boolean {
  return [...damaged, ...missing].some(({ healed }) => healed === undefined);
}
