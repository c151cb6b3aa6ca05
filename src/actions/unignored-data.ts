import { lstatIfThere } from '../base/lstat-if-there.js';
import { fromRepoPath, type RepoPath } from '../base/paths.js';
import { shellQuote } from '../base/shell-quote.js';
import { repositoryBelow } from '../git/find-work-tree.js';
import type { Workspace } from '../project/workspace.js';
import { gitignoreEntry, gitignoreLines, gitignoreOf } from '../tracking/ignore/gitignore.js';
import { pathOfPointer } from '../tracking/pointers/plain-pointer.js';
import { bytePath } from '../tracking/byte-path.js';

/** Data that git would take, or has taken. */
export interface Unignored {
  code: 'data-not-ignored' | 'data-in-git';
  message: string;
  hint: string;
}

/**
 * Data of tracked paths that git does not ignore, as after a pointer was renamed by hand or a merge of `.gitignore` was settled wrongly:
 * the next `git add -A` would take the bytes themselves. Undefined if there is none, or no git.
 */
export async function unignoredData(
  workspace: Workspace,
  tracked: readonly RepoPath[],
): Promise<Unignored | undefined> {
  const { git } = workspace;
  if (git === undefined) return undefined;
  // Git is only asked where the line that 'add' writes is not there: it costs more than all else that is asked of a small workspace.
  const doubtful = withoutEntry(workspace, tracked);
  if (doubtful.length === 0) return undefined;
  const ignored = new Set(await git.ignored(doubtful));
  const [first, ...others] = doubtful.filter((path) => !ignored.has(path));
  if (first === undefined) return undefined;
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  const [held] = await git.tracked([first]);
  if (held !== undefined) {
    return {
      code: 'data-in-git',
      message: `git holds ${held}, which belongs to the tracked ${first}: a file belongs to git or to ocrpipe`,
      hint: `'git rm -r --cached ${shellQuote(first)}' takes it out of git, the file itself stays; then 'ocrpipe add ${shellQuote(first)}'`,
    };
  }
  return {
    code: 'data-not-ignored',
    message: `git does not ignore the data of ${first}${more}: 'git add' would take it all`,
    hint: `'ocrpipe add ${shellQuote(first)}' writes the line into ${gitignoreOf(first)}`,
  };
}

/** The tracked paths that are there, and without the line that `add` writes beside them. */
function withoutEntry({ root }: Workspace, tracked: readonly RepoPath[]): RepoPath[] {
  const all = new Set(tracked);
  let beside: { file: RepoPath; lines: ReadonlySet<string> } | undefined;
  return tracked.filter((path) => {
    const file = gitignoreOf(path);
    if (beside?.file !== file) beside = { file, lines: new Set(gitignoreLines(root, file)) };
    const pointed = pathOfPointer(path);
    // A copy of a pointer, under the name of that one's own.
    if (pointed !== undefined && all.has(pointed)) return false;
    return (
      !beside.lines.has(bytePath(gitignoreEntry(path))) &&
      lstatIfThere(fromRepoPath(root, path)) !== undefined &&
      repositoryBelow(root, path) === undefined
    );
  });
}
