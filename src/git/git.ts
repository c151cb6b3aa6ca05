import type { AbsPath, RepoPath } from '../base/paths.js';

/** The full name of a commit. */
export type CommitId = string & { readonly __brand: 'CommitId' };

/** A branch, tag or remote-tracking branch. */
export interface GitRef {
  /** Full name: `refs/heads/main`. */
  name: string;
  /** The commit; a tag that names another tag is followed. */
  commit: CommitId;
}

/** A file as git's history holds it. */
export interface GitFile {
  path: RepoPath;
  /** Git's name for the bytes; equal names are equal bytes. */
  object: string;
}

/** A version of a file that a commit holds. */
export interface CommittedFile extends GitFile {
  /** One of the commits that hold it. */
  commit: CommitId;
}

/**
 * What ocrpipe asks of git. Paths are relative to the workspace root, which may be a folder inside the work tree; nothing
 * above it is seen. All of it but `fetchAll` only reads. Throws `git-failed`, with what git said, where git itself fails.
 */
export interface Git {
  /** The root of the work tree: the workspace root or a folder above it. */
  readonly workTree: AbsPath;
  /** HEAD's commit; undefined before the first one. */
  currentCommit(): Promise<CommitId | undefined>;
  /** The commit that a branch, tag, `HEAD~1`, … names. Throws `unknown-revision` (exit code 2). */
  resolve(revision: string): Promise<CommitId>;
  /** The commits that some refs stand for, whether or not they can be read; names that are no refs are left out. */
  known(refs: readonly string[]): Promise<CommitId[]>;
  /** The commits of all entries of the stash: what was in the work tree, in the index, and untracked. */
  stashed(): Promise<CommitId[]>;
  /** The roots of all work trees of the repository, this one included. */
  workTrees(): Promise<AbsPath[]>;
  /** True if the history ends early here, because it was cloned with `--depth`. */
  isShallow(): Promise<boolean>;
  /** The files of git's index, all versions of what a merge has not settled. */
  staged(): Promise<GitFile[]>;
  /** Every version that a commit of any ref holds of the files below the workspace root that match one of the `patterns`. */
  everCommitted(patterns: readonly string[]): Promise<CommittedFile[]>;
  /** The branches, tags and remote-tracking branches, sorted by name. `prefix` narrows: `refs/ocrpipe/exp/`. */
  refs(prefix?: string): Promise<GitRef[]>;
  /** The files of a commit, sorted by path; with `paths`, only those of exactly these that are there. */
  filesAt(commit: CommitId, paths?: readonly RepoPath[]): Promise<GitFile[]>;
  /** The bytes of files, in the order asked for: one git process however many there are. */
  read(files: readonly GitFile[]): Promise<Buffer[]>;
  /** The bytes of one file in a commit; undefined if it is not there. */
  readAt(commit: CommitId, path: RepoPath): Promise<Buffer | undefined>;
  /** The bytes of one file as git holds it: in its index, or else in the last commit. Undefined if it is in neither. */
  readHeld(path: RepoPath): Promise<Buffer | undefined>;
  /** The newest commit of this branch that has the file, as it is typed: `HEAD`, `1a2b3c4~1`. Undefined if none has. */
  lastWith(path: RepoPath): Promise<string | undefined>;
  /** Those files of git's index (added or committed) that are one of `paths` or lie below one. */
  tracked(paths: readonly RepoPath[]): Promise<RepoPath[]>;
  /** The files at or below a path that are in git's index, or that `git add` would put there; sorted. */
  holdable(path: RepoPath): Promise<RepoPath[]>;
  /** The files of git's index that match a pathspec. */
  heldLike(pathspec: string): Promise<RepoPath[]>;
  /** The files of git's index that match a pathspec and hold something else in the work tree, or are gone there. */
  modifiedLike(pathspec: string): Promise<RepoPath[]>;
  /** Those of `paths` that `git add` would take up: new or changed files that git does not ignore. */
  addable(paths: readonly RepoPath[]): Promise<RepoPath[]>;
  /** Brings the branches of every remote up to date. Throws `git-fetch-failed` where one cannot be reached. */
  fetchAll(): Promise<void>;
  /** Those of `paths` that git ignores and does not hold. */
  ignored(paths: readonly RepoPath[]): Promise<RepoPath[]>;
}
