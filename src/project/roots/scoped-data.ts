import { OcrpipeError, userError } from '../../base/errors.js';
import type { RepoPath } from '../../base/paths.js';
import { shellQuote } from '../../base/shell-quote.js';
import type { Git } from '../../git/git.js';
import { LOCK_FILE } from '../../pipeline/definition/stage/file-names.js';
import { parseLockFile, type LockEntry } from '../../pipeline/records/lock-file.js';
import { runOf } from '../../pipeline/records/locked-run.js';
import { pathOfPointer } from '../../tracking/pointers/plain-pointer.js';
import type { Snapshot } from '../../tracking/workspace-files.js';
import { filesEverCommitted, tipsOf, type Scope } from './committed-needs.js';
import { committedTexts, placed, type CommittedText, type PlacedFile } from './committed-texts.js';
import { nameOf, pointedBy, versionText } from './naming-files.js';

/** A tracked path as a commit has it. */
export interface CommittedPath {
  readonly path: RepoPath;
  readonly snapshot: Snapshot;
  /** For people: 'data/raw (in commit 1a2b3c4d5e)'. */
  readonly name: string;
}

/** What commits name that are not checked out, for a transfer. */
export interface ScopedData {
  /** What their pointers name, each content once. */
  readonly paths: readonly CommittedPath[];
  /** The entries of their locks, one for each run. */
  readonly entries: readonly LockEntry[];
  /** Pointers and locks that cannot be read: what they name is not known, and all the rest is here. */
  readonly broken: readonly OcrpipeError[];
}

/** Reads the pointers and locks of the commits of a scope: the tips of branches, tags and experiments, or every commit. */
export async function scopedData(git: Git, scope: Scope): Promise<ScopedData> {
  const files: PlacedFile[] = scope.commits === true ? await filesEverCommitted(git) : [];
  for (const commit of await tipsOf(git, scope)) files.push(...placed(await git.filesAt(commit), commit));
  const paths = new Map<string, CommittedPath>();
  const entries = new Map<string, LockEntry>();
  const broken: OcrpipeError[] = [];
  for (const version of await committedTexts(git, files)) {
    try {
      if (version.path === LOCK_FILE) {
        for (const entry of entriesIn(version)) entries.set(runOf(entry).record, entry);
      } else addPath(paths, version);
    } catch (error) {
      if (!(error instanceof OcrpipeError)) throw error;
      broken.push(brokenVersion(version, error));
    }
  }
  return { paths: [...paths.values()], entries: [...entries.values()], broken };
}

function entriesIn(version: CommittedText): Iterable<LockEntry> {
  return parseLockFile(version.text, nameOf(version)).values();
}

function addPath(paths: Map<string, CommittedPath>, version: CommittedText): void {
  const path = pathOfPointer(version.path);
  const snapshot = path && pointedBy(version.text, nameOf(version));
  if (!snapshot) return;
  // Where an import is from decides how its bytes can be had.
  const name = snapshot.kind + snapshot.id + JSON.stringify(snapshot.source);
  if (!paths.has(name)) paths.set(name, { path, snapshot, name: nameOf({ ...version, path }) });
}

function brokenVersion(version: CommittedText, error: OcrpipeError): OcrpipeError {
  const { code, message, location } = error;
  return userError(code, message, {
    hint: `It was committed so ('git show ${shellQuote(versionText(version))}'), and what it names is not known. Everything else was done; with --allow-missing this is a warning.`,
    ...(location && { location }),
    cause: error,
  });
}
