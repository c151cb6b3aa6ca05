import { OcrpipeError } from '../base/errors.js';
import type { RepoPath } from '../base/paths.js';
import type { LocalStore } from '../store/local-store.js';
import type { ObjectReader } from '../store/object-reader.js';
import { diffTrees, sameEntry } from '../store/tree-diff.js';
import type { SymlinkEntry, TreeEntry } from '../store/tree-format.js';
import { findPath, type TreeRef } from '../store/tree-reader.js';
import { textBelow } from './byte-path.js';
import { linkProblem } from './links.js';
import type { Snapshot } from './workspace-files.js';

/** One name that a checkout changes, below the path that is checked out (latin1, '' for the path itself). */
export interface PlannedChange {
  below: string;
  old?: TreeEntry;
  new?: TreeEntry;
}

/** Paths named in one message at most. */
const NAMED = 5;

/** What differs between what is there and what is wanted, in the order of a walk; new directories stand for all in them. */
export function planChanges(there: TreeRef | undefined, target: TreeRef): PlannedChange[] {
  const changes: PlannedChange[] = [];
  let fresh: string | undefined;
  for (const { path, ...sides } of diffTrees(there, target)) {
    if (fresh !== undefined && path.startsWith(fresh) && !sides.old) continue;
    changes.push({ below: path, ...sides });
    if (sides.new?.kind === 'directory' && sides.old?.kind !== 'directory') fresh = `${path}/`;
  }
  return changes;
}

/** Refuses links that leave the directory, which no `add` stores: such a tree was made to do harm. */
export function refuseEscapingLink(path: RepoPath, below: string, entry: SymlinkEntry): void {
  const problem = linkProblem(below, entry.target);
  if (problem === undefined) return;
  throw new OcrpipeError('link-outside', `${textBelow(path, below)} is not checked out: ${problem}`, {
    hint: 'The tree was not written by ocrpipe. Do not trust where it came from.',
  });
}

/**
 * Throws `would-lose-bytes` (exit code 2), naming some, if a file or link that is replaced or removed is not in the store.
 * `known` are trees that hold links as they may be lost: what was put there, and what is stored of what is there.
 */
export function refuseLosses(
  path: RepoPath,
  changes: readonly PlannedChange[],
  context: { store: LocalStore; known: readonly TreeRef[] },
): void {
  const lost = changes.filter(({ below, old }) => old !== undefined && !isKept(below, old, context));
  if (lost.length > 0)
    throw wouldLose(
      path,
      lost.map(({ below }) => textBelow(path, below)),
    );
}

function isKept(
  below: string,
  old: TreeEntry,
  { store, known }: { store: LocalStore; known: readonly TreeRef[] },
): boolean {
  if (old.kind === 'directory') return true;
  if (old.kind === 'file') return store.has('blob', old.id);
  return known.some((tree) => {
    const same = findPath(tree, below);
    return same !== undefined && sameEntry(same, old);
  });
}

export function wouldLose(path: RepoPath, lost: readonly string[]): OcrpipeError {
  const more = lost.length > NAMED ? ` and ${lost.length - NAMED} more` : '';
  const named = lost.slice(0, NAMED).join(', ');
  const verb = lost.length === 1 ? 'was' : 'were';
  return new OcrpipeError(
    'would-lose-bytes',
    `${named}${more} ${verb} edited and not stored: a checkout would lose that`,
    {
      exitCode: 2,
      hint: `Keep the edits with 'ocrpipe add ${path}' or 'ocrpipe commit ${path}', or give them up with 'ocrpipe checkout --force ${path}'.`,
    },
  );
}

/** Throws `object-missing`, naming files, if the store lacks bytes that the changes need. */
export function refuseMissing(path: RepoPath, missing: readonly string[]): void {
  if (missing.length === 0) return;
  const more = missing.length > NAMED ? ` and ${missing.length - NAMED} more` : '';
  throw new OcrpipeError(
    'object-missing',
    `the store has not the bytes of ${missing.slice(0, NAMED).join(', ')}${more}; ${path} is left as it is`,
    { hint: `Get them from a remote with 'ocrpipe pull ${path}'.` },
  );
}

/** The tree that a snapshot names, if the store has its root. */
export function storedTree(reader: ObjectReader, snapshot: Snapshot | undefined): TreeRef[] {
  if (snapshot?.kind !== 'directory' || !reader.has('tree', snapshot.id)) return [];
  return [{ reader, id: snapshot.id }];
}
