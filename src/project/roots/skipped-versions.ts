import { isContentId } from '../../base/content-id.js';
import { OcrpipeError, userError } from '../../base/errors.js';
import type { AbsPath, RepoPath } from '../../base/paths.js';
import { shellQuote } from '../../base/shell-quote.js';
import type { CommitId, Git } from '../../git/git.js';
import { openGit } from '../../git/simple-git.js';
import { committedTexts, placed, versionName, type CommittedText } from './committed-texts.js';
import { nameOf, needsOfText } from './naming-files.js';
import type { Needs } from './needs.js';

/** Versions of pointers and locks that need not be readable, by `versionName`. */
export type SkippedVersions = ReadonlySet<string>;

/** A version as people name it. */
interface NamedVersion {
  readonly typed: string;
  readonly revision: string;
  readonly path: RepoPath;
}

/**
 * The versions that are named as COMMIT:PATH, the path being one of a workspace, in the repositories of some workspaces. Throws
 * (exit code 2) `skip-broken-invalid` for what is no such name, `skip-broken-unknown` for one that no repository has, and
 * `skip-broken-sound` for one that can be read: what is needed and known is not to be let go of.
 */
export async function skippedVersions(
  typed: readonly string[],
  workspaces: readonly AbsPath[],
): Promise<SkippedVersions> {
  const skipped = new Set<string>();
  for (const name of typed.map(named)) {
    const found: CommittedText[] = [];
    for (const root of workspaces) {
      const git = openGit(root);
      if (git) found.push(...(await versionAt(git, name)));
    }
    if (found.length === 0) throw unknown(name);
    if (found.every(isSound)) throw sound(name);
    for (const version of found) skipped.add(versionName(version));
  }
  return skipped;
}

/** What a version that cannot be read may need: whatever has one of the content ids that stand in it. */
export function needsOfBroken(version: CommittedText): Needs {
  const needer = nameOf(version);
  const ids = [...new Set(version.text.match(/\b[0-9a-f]{64}\b/g))].filter(isContentId);
  const kinds = ['blob', 'tree', 'listing'] as const;
  const roots = ids.flatMap((id) => kinds.map((kind) => ({ kind, id, needer, optional: true })));
  return { roots, runs: [], skipped: [needer] };
}

function named(typed: string): NamedVersion {
  const colon = typed.indexOf(':');
  const revision = typed.slice(0, Math.max(0, colon));
  const path = typed.slice(colon + 1);
  if (revision !== '' && path !== '') return { typed, revision, path: path as RepoPath };
  throw userError('skip-broken-invalid', `'${typed}' names no version of a file`, {
    hint: 'Name it as the error of gc does: COMMIT:PATH, for example 1a2b3c4d5e:data/raw.ocr.',
  });
}

async function versionAt(git: Git, { revision, path }: NamedVersion): Promise<CommittedText[]> {
  const commit = await commitOf(git, revision);
  return commit === undefined ? [] : committedTexts(git, placed(await git.filesAt(commit, [path]), commit));
}

async function commitOf(git: Git, revision: string): Promise<CommitId | undefined> {
  try {
    return await git.resolve(revision);
  } catch (error) {
    if (error instanceof OcrpipeError && error.code === 'unknown-revision') return undefined;
    throw error;
  }
}

function isSound(version: CommittedText): boolean {
  try {
    needsOfText(version);
    return true;
  } catch (error) {
    if (error instanceof OcrpipeError) return false;
    throw error;
  }
}

function unknown({ typed, revision, path }: NamedVersion): OcrpipeError {
  return userError('skip-broken-unknown', `git has no pointer or lock ${typed}`, {
    hint: `See what it has: 'git log --all -- ${shellQuote(path)}', 'git ls-tree -r ${shellQuote(revision)}'. Paths start at the workspace root.`,
  });
}

function sound({ typed }: NamedVersion): OcrpipeError {
  return userError('skip-broken-sound', `${typed} can be read, and what it needs is kept`, {
    hint: 'Leave out this --skip-broken. To let go of what it needs, choose a scope without that commit.',
  });
}
