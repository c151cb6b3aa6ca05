import { userError } from '../base/errors.js';
import type { RepoPath } from '../base/paths.js';
import type { CommitId, Git } from '../git/git.js';

/** The files of a commit or of the workspace, as texts. */
export interface Revision {
  /** As a person names it. */
  readonly name: string;
  /** Undefined where there is no such file. */
  text(path: RepoPath): Promise<string | undefined>;
}

/** The files of a commit; `undefined` is the state before the first one: no files. */
export function committed(git: Git, name: string, commit: CommitId | undefined): Revision {
  return {
    name,
    text: async (path) =>
      commit === undefined ? undefined : (await git.readAt(commit, path))?.toString('utf8'),
  };
}

/** The files as they stand. */
export function workspaceRevision(read: (path: RepoPath) => string | undefined): Revision {
  return { name: 'workspace', text: (path) => Promise.resolve(read(path)) };
}

/**
 * The two sides of a comparison: none named is HEAD against the workspace, one is that commit against the workspace. Throws
 * `no-git` where there is no git, `unknown-revision` for a name that git does not know.
 */
export async function twoSides(
  git: Git | undefined,
  workspace: Revision,
  names: { a: string | undefined; b: string | undefined },
): Promise<[Revision, Revision]> {
  if (!git) {
    throw userError('no-git', 'there are no commits to compare with: this workspace is not in git', {
      hint: "Run 'git init' and commit.",
    });
  }
  const first =
    names.a === undefined
      ? committed(git, 'HEAD', await git.currentCommit())
      : committed(git, names.a, await git.resolve(names.a));
  const second = names.b === undefined ? workspace : committed(git, names.b, await git.resolve(names.b));
  return [first, second];
}
