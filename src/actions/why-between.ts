import type { Call } from '../base/call.js';
import { userError } from '../base/errors.js';
import type { Git } from '../git/git.js';
import { LOCK_FILE } from '../pipeline/definition/stage/file-names.js';
import { parseLockFile } from '../pipeline/records/lock-file.js';
import { explainBetween, type Between, type Recorded } from '../pipeline/staleness/between.js';
import { pipelineHost } from '../project/pipeline-host.js';
import { trackedAt } from '../project/tracked-state.js';
import { Workspace } from '../project/workspace.js';

export interface BetweenInput {
  /** A stage or the path of an output. */
  readonly target: string;
  /** Commits, branches or tags. */
  readonly from: string;
  readonly to: string;
}

/** Why a stage has other results in one commit than in another. Checks nothing out and changes nothing. */
export async function whyBetween({ target, from, to }: BetweenInput, call: Call): Promise<Between> {
  const workspace = Workspace.open(call, 'ocrpipe why');
  try {
    const { git } = workspace;
    if (git === undefined) {
      throw userError('no-git', 'there are no commits to compare: this workspace is not in git', {
        hint: "Leave out --between: 'ocrpipe why STAGE' compares with the last run.",
      });
    }
    const sides = {
      from: await recordedAt(workspace, git, from),
      to: await recordedAt(workspace, git, to),
    };
    return explainBetween(pipelineHost(workspace), sides, targetOf(workspace, sides, target));
  } finally {
    workspace.close();
  }
}

/** A path counts from the caller's folder, a stage does not. */
function targetOf(
  workspace: Workspace,
  { from, to }: { from: Recorded; to: Recorded },
  target: string,
): string {
  return from.lock.has(target) || to.lock.has(target) ? target : workspace.path(target);
}

async function recordedAt(workspace: Workspace, git: Git, name: string): Promise<Recorded> {
  const commit = await git.resolve(name);
  const text = (await git.readAt(commit, LOCK_FILE))?.toString('utf8');
  const tracked = await trackedAt(workspace, commit);
  return {
    name,
    lock: parseLockFile(text ?? '', `${name}:${LOCK_FILE}`),
    pointers: new Map([...tracked].map(([path, { snapshot }]) => [path, snapshot])),
  };
}
