import { OcrpipeError, userError } from '../../base/errors.js';
import type { RepoPath } from '../../base/paths.js';
import { shellQuote } from '../../base/shell-quote.js';
import type { CommitId } from '../../git/git.js';
import { LOCK_FILE } from '../../pipeline/definition/stage/file-names.js';
import { parseLockFile, type LockEntry } from '../../pipeline/records/lock-file.js';
import { runOf } from '../../pipeline/records/locked-run.js';
import { isPointerText, pathOfPointer } from '../../tracking/pointers/plain-pointer.js';
import { parsePointer } from '../../tracking/pointers/pointer.js';
import type { Snapshot } from '../../tracking/workspace-files.js';
import { rootOf, rootsOfEntry, type Needs } from './needs.js';

/** Files that name what is needed, as git matches them: pointers and locks. */
export const NAMING_FILES = ['*.ocr', LOCK_FILE];

/** Where a version of such a file stands: in the workspace, in git's index, or in a commit. */
export type Where = 'workspace' | 'index' | CommitId;

/** One version of such a file. */
export interface NamingText {
  readonly path: RepoPath;
  readonly where: Where;
  readonly text: string;
}

/** True for a file of which `needsOfText` may say something. */
export function isNamingFile(path: RepoPath): boolean {
  return path === LOCK_FILE || pathOfPointer(path) !== undefined;
}

/** What a text points to, called `file` in errors; undefined if it is none of a pointer. Throws for a broken one. */
export function pointedBy(text: string, file: string): Snapshot | undefined {
  return isPointerText(text) ? parsePointer(text, file) : undefined;
}

/**
 * What a pointer or pipeline.lock needs; nothing for any other text. Throws for one that cannot be read (exit code 2), naming
 * it: what it needs cannot be guessed.
 */
export function needsOfText({ text, path, where }: NamingText): Needs {
  const file = nameOf({ path, where });
  try {
    if (path === LOCK_FILE) return needsOfLock([...parseLockFile(text, file).values()], file);
    const snapshot = pointedBy(text, file);
    return { roots: snapshot ? [rootOf(snapshot, file)] : [], runs: [] };
  } catch (error) {
    if (!(error instanceof OcrpipeError)) throw error;
    const { code, message, location } = error;
    throw userError(code, message, {
      hint: `It cannot be known what this file needs, so nothing is collected. ${wayOut({ path, where })}`,
      ...(location && { location }),
      cause: error,
    });
  }
}

/** For people: 'data/raw.ocr (in commit 1a2b3c4d5e)'. */
export function nameOf({ path, where }: Omit<NamingText, 'text'>): string {
  if (where === 'workspace') return path;
  return `${path} (in ${where === 'index' ? "git's index" : `commit ${short(where)}`})`;
}

/** As git writes it: '1a2b3c4d5e:data/raw.ocr', ':data/raw.ocr' for that of the index. */
export function versionText({ path, where }: Omit<NamingText, 'text'>): string {
  return `${where === 'index' || where === 'workspace' ? '' : short(where)}:${path}`;
}

function wayOut({ path, where }: Omit<NamingText, 'text'>): string {
  if (where === 'workspace') return 'Mend it first.';
  if (where === 'index') return 'Mend it there, or choose a scope without it.';
  const option = `--skip-broken ${shellQuote(versionText({ path, where }))}`;
  return `Choose a scope without it, or have this one version passed over with ${option}: what only it needs may go then, but for the content ids that stand in it.`;
}

function short(commit: CommitId): string {
  return commit.slice(0, 10);
}

/** What stages made, and the listings of what they read. Their pointers are what must be there. */
function needsOfLock(entries: readonly LockEntry[], needer: string): Needs {
  const roots = entries.flatMap((entry) => rootsOfEntry(entry, () => needer));
  return { roots: roots.map((root) => ({ ...root, optional: true })), runs: entries.map(runOf) };
}
