import { OcrpipeError, userError } from '../../base/errors.js';
import type { RepoPath } from '../../base/paths.js';
import { shellQuote } from '../../base/shell-quote.js';
import type { LocalStore } from '../../store/local-store.js';
import type { ObjectReader } from '../../store/object-reader.js';
import { diffTrees, sameEntry } from '../../store/tree-diff.js';
import type { SymlinkEntry, TreeEntry } from '../../store/tree-format.js';
import { findPath, type TreeRef } from '../../store/tree-reader.js';
import { textBelow } from '../byte-path.js';
import { linkProblem } from '../scan/links.js';
import type { Snapshot } from '../workspace-files.js';
import type { Work } from './write-files.js';

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
export function* refuseLosses(
  { path, tracked }: { path: RepoPath; tracked: RepoPath },
  changes: readonly PlannedChange[],
  context: { store: LocalStore; known: readonly TreeRef[] },
): Work<void> {
  const lost: PlannedChange[] = [];
  for (const change of changes) {
    const { below, old } = change;
    if (old !== undefined && !(yield* isKept(below, old, context))) lost.push(change);
    yield 1;
  }
  if (lost.length > 0)
    throw wouldLose(
      { tracked },
      lost.map(({ below }) => textBelow(path, below)),
    );
}

function* isKept(
  below: string,
  old: TreeEntry,
  { store, known }: { store: LocalStore; known: readonly TreeRef[] },
): Work<boolean> {
  if (old.kind === 'directory') return true;
  if (old.kind === 'file') return yield* store.holdsInSteps('blob', old.id, old.size);
  return standsIn(known, below, old);
}

/** True if one of the trees holds exactly this at the path. */
export function standsIn(trees: readonly TreeRef[], below: string, entry: TreeEntry): boolean {
  return trees.some((tree) => {
    const same = findPath(tree, below);
    return same !== undefined && sameEntry(same, entry);
  });
}

/** `removing`: what stands there is to be deleted, not replaced. */
export function wouldLose(
  { tracked, removing = false }: { tracked: RepoPath; removing?: boolean },
  lost: readonly string[],
): OcrpipeError {
  const verb = lost.length === 1 ? 'is' : 'are';
  return userError(
    'would-lose-bytes',
    `${namesOf(lost)} ${verb} not in the store as ${lost.length === 1 ? 'it stands' : 'they stand'} here: ${removing ? 'deleting' : 'a checkout'} would lose that`,
    { hint: removing ? removalWaysOut(tracked) : waysOut(tracked) },
  );
}

export function wouldUndo(path: RepoPath, edited: readonly string[]): OcrpipeError {
  const verb = edited.length === 1 ? 'was' : 'were';
  return userError(
    'would-undo-edits',
    `${namesOf(edited)} ${verb} edited, moved or added: a checkout would undo that`,
    { hint: waysOut(path) },
  );
}

function waysOut(path: RepoPath): string {
  const quoted = shellQuote(path);
  return `Keep the edits with 'ocrpipe commit ${quoted}', or give them up with 'ocrpipe checkout --force ${quoted}'.`;
}

function removalWaysOut(path: RepoPath): string {
  const quoted = shellQuote(path);
  return `Store the edits first with 'ocrpipe commit ${quoted}', or lose them with 'ocrpipe rm --delete --force ${quoted}'.`;
}

/** Some of the paths by name, and how many more there are. */
export function namesOf(paths: readonly string[]): string {
  const more = paths.length > NAMED ? ` and ${paths.length - NAMED} more` : '';
  return `${paths.slice(0, NAMED).join(', ')}${more}`;
}

/** The tree that a snapshot names, if the store has its root. */
export function storedTree(reader: ObjectReader, snapshot: Snapshot | undefined): TreeRef[] {
  if (snapshot?.kind !== 'directory' || !reader.has('tree', snapshot.id)) return [];
  return [{ reader, id: snapshot.id }];
}
