import { join, posix } from 'node:path';
import { refuseSpecialFile } from '../base/regular-file.js';
import { userError } from '../base/errors.js';
import type { AbsPath, RepoPath } from '../base/paths.js';
import { shellQuote } from '../base/shell-quote.js';
import { repositoryBelow } from '../git/find-work-tree.js';
import type { OutputIndex } from '../pipeline/definition/graph/graph.js';
import { steeringProblem } from '../pipeline/definition/stage/own-paths.js';
import type { Workspace } from '../project/workspace.js';
import { pointerPathOf } from '../tracking/pointers/plain-pointer.js';
import { isIgnored } from '../tracking/ignore/rules-above.js';

/** Refuses files that steer ocrpipe or git: they are read before there is any data. */
export function refuseSteering(path: RepoPath): void {
  const reason = steeringProblem(path);
  if (reason === undefined) return;
  throw userError(
    'path-not-trackable',
    `${path} cannot be tracked: ${reason}, and belongs into git as it is`,
    { hint: `Commit it: 'git add ${shellQuote(path)}'.` },
  );
}

/** Refuses what `.ocrignore` leaves out. */
export function refuseIgnored(root: AbsPath, path: RepoPath, isFolder: boolean): void {
  if (!isIgnored(root, path, isFolder)) return;
  throw userError('path-ignored', `${path} is left out by .ocrignore`, {
    hint: `'ocrpipe ignore check ${shellQuote(path)}' names the rule: change it, or name another path.`,
  });
}

/** Refuses the output of a stage, and what holds one or lies in one. */
export function refuseOutput(outputs: OutputIndex, path: RepoPath): void {
  const [output] = outputs.overlapping(path);
  if (output === undefined) return;
  const what = output.path === path ? 'is' : 'holds, or lies in,';
  throw userError('stage-output', `${path} ${what} the output ${output.path} of stage '${output.stage}'`, {
    hint: `'ocrpipe repro ${output.stage}' tracks it; 'ocrpipe commit ${output.stage}' records what is there now.`,
  });
}

/** Git must hold none of the bytes, and must be able to hold the pointer. */
export async function refuseGitHeld({ git, root }: Workspace, paths: readonly RepoPath[]): Promise<void> {
  if (git === undefined) return;
  for (const path of paths) refuseOtherRepository(root, path);
  refuseSpecialIgnoreFiles(root, paths);
  const [held] = await git.tracked(paths);
  if (held !== undefined) {
    const path = paths.find((each) => held === each || held.startsWith(`${each}/`)) ?? held;
    throw userError('path-in-git', `git holds ${held}: a file belongs to git or to ocrpipe`, {
      hint: `Take it out of git, the file itself stays: 'git rm -r --cached ${shellQuote(path)}'. Then run this again.`,
    });
  }
  const [ignored] = await git.ignored(paths.map(pointerPathOf));
  if (ignored !== undefined) {
    throw userError('pointer-ignored', `git ignores ${ignored}, so the pointer could never be committed`, {
      hint: `'git check-ignore -v ${shellQuote(ignored)}' names the rule to change.`,
    });
  }
}

function refuseOtherRepository(root: AbsPath, path: RepoPath): void {
  const repository = repositoryBelow(root, path);
  if (repository === undefined) return;
  throw userError(
    'path-in-other-repository',
    `${path} lies in ${repository}, a git repository of its own: the pointer could not be committed here`,
    {
      hint: `Track it there ('ocrpipe init' in ${shellQuote(repository)}), or the whole of it from here: 'ocrpipe add ${shellQuote(repository)}'.`,
    },
  );
}

/** Git reads those beside the paths and above them, and waits for whoever writes to a FIFO. */
function refuseSpecialIgnoreFiles(root: string, paths: readonly RepoPath[]): void {
  const folders = new Set<string>();
  for (const path of paths) {
    for (let at = posix.dirname(path); !folders.has(at); at = posix.dirname(at)) folders.add(at);
  }
  for (const folder of folders) refuseSpecialFile(join(root, folder, '.gitignore'));
}
