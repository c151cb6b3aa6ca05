import { conflictSides } from '../../base/conflict-sides.js';
import type { RepoPath } from '../../base/paths.js';
import type { Snapshot } from '../workspace-files.js';
import { pointerPathOf } from './plain-pointer.js';
import { parsePointer } from './pointer.js';

/** What the two sides of a pointer with markers say; undefined where it has none, or something else than a pointer around them. */
export function readUnmerged(text: string, path: RepoPath): { ours: Snapshot; theirs: Snapshot } | undefined {
  const sides = conflictSides(text);
  if (sides === undefined) return undefined;
  const file = pointerPathOf(path);
  const [ours, theirs] = [sides.ours, sides.theirs].map((side) => parsePointer(withoutComments(side), file));
  return { ours: ours!, theirs: theirs! };
}

function withoutComments(text: string): string {
  return text.replaceAll(/^#.*\n/gm, '');
}
