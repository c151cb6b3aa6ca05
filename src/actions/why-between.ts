import type { Call } from '../base/call.js';
import { OcrpipeError, userError } from '../base/errors.js';
import type { RepoPath } from '../base/paths.js';
import type { Git } from '../git/git.js';
import { LOCK_FILE } from '../pipeline/definition/stage/file-names.js';
import { parseLockFile } from '../pipeline/records/lock-file.js';
import { explainBetween, stageNamesIn, type Between, type Recorded } from '../pipeline/staleness/between.js';
import { writtenStages } from '../pipeline/staleness/written-between.js';
import { committed, type Revision } from '../metrics/revision.js';
import { pipelineHost } from '../project/pipeline-host.js';
import { trackedAt } from '../project/tracked-state.js';
import { Workspace } from '../project/workspace.js';
import { pipelineAt } from './value-files.js';

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
function targetOf(workspace: Workspace, sides: { from: Recorded; to: Recorded }, target: string): string {
  return stageNamesIn(sides).named(target) ? target : workspace.path(target);
}

/** The stages as a commit has them written; undefined, and a warning, where that cannot be read: the recorded runs can be compared. */
async function writtenAt(workspace: Workspace, revision: Revision): Promise<Recorded['written']> {
  try {
    const pipeline = await pipelineAt(workspace, revision);
    const paths = [...pipeline.stages.values()].flatMap(({ params }) => params.map(({ file }) => file));
    const texts = new Map<RepoPath, string | undefined>();
    for (const path of new Set(paths)) texts.set(path, await revision.text(path));
    return writtenStages(pipeline, (path) => texts.get(path));
  } catch (error) {
    if (!(error instanceof OcrpipeError)) throw error;
    const message = `only recorded runs are compared, as the pipeline of ${revision.name} cannot be read: ${error.message}`;
    workspace.events({ type: 'note', level: 'warning', code: error.code, message });
    return undefined;
  }
}

async function recordedAt(workspace: Workspace, git: Git, name: string): Promise<Recorded> {
  const commit = await git.resolve(name);
  const text = (await git.readAt(commit, LOCK_FILE))?.toString('utf8');
  const tracked = await trackedAt(workspace, commit);
  return {
    name,
    written: await writtenAt(workspace, committed(git, name, commit)),
    lock: parseLockFile(text ?? '', `${name}:${LOCK_FILE}`),
    pointers: new Map([...tracked].map(([path, { snapshot }]) => [path, snapshot])),
  };
}
