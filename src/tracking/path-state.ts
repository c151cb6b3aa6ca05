import { sameSnapshot } from './pointers/plain-pointer.js';
import type { PathState, Snapshot } from './workspace-files.js';

/** What is known of a path. */
export interface PathFacts {
  there: Snapshot | undefined;
  pointer: Snapshot | undefined;
  /** What ocrpipe last put there on this machine. */
  lastPut: Snapshot | undefined;
  /** What a checkout began to put there and did not finish. */
  begun: Snapshot | undefined;
  /** True if every file that is there is in the store; asked only where it decides. */
  stored: () => boolean;
  /** True if all that is there stands so in what was last put there or in what was begun; asked only where it decides. */
  unfinished: () => boolean;
}

/** Compares what the pointer says, what ocrpipe last put there and what is there. Pure. */
export function pathState(facts: PathFacts): PathState {
  const { there, pointer, lastPut, begun } = facts;
  if (!pointer) return 'untracked';
  if (!there) return 'missing';
  // The id tells the bytes; a pointer that counts them wrong was edited, and recording what is there mends it.
  if (sameSnapshot(there, pointer)) return sameTotals(there, pointer) ? 'clean' : 'modified';
  // A checkout that was killed leaves some old and some new files, each in its place: finishing it loses nothing.
  if (begun && facts.unfinished()) return 'pointer-moved';
  // Where nothing is remembered, bytes that are in the store are some earlier version; others must be an edit.
  if (!lastPut) return facts.stored() ? 'pointer-moved' : 'modified';
  if (sameSnapshot(lastPut, pointer)) return 'modified';
  return sameSnapshot(there, lastPut) ? 'pointer-moved' : 'conflict';
}

function sameTotals(a: Snapshot, b: Snapshot): boolean {
  return a.size === b.size && a.files === b.files;
}
