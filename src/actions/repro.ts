import { realpathSync } from 'node:fs';
import type { Call } from '../base/call.js';
import { absPath } from '../base/paths.js';
import type { JobRemote } from '../pipeline/host.js';
import type { ReproRequest, ReproResult, StageAction } from '../pipeline/run/repro-report.js';
import { repro as reproPipeline } from '../pipeline/run/repro.js';
import { pipelineHost } from '../project/pipeline-host.js';
import { Workspace } from '../project/workspace.js';
import type { JobRemotes } from './job-remotes.js';
import { RemoteFetcher } from './remote-fetcher.js';
import { stageFiles } from './stage-files.js';
import { toCommit, type ToCommit } from './to-commit.js';

export type ReproInput = Omit<ReproRequest, 'cwd'> & {
  /** Bring what is not here from the remotes: data that stages read, and results of earlier runs. */
  readonly pull?: boolean;
  /** The remote that is asked; the default remote unless given. */
  readonly remote?: string | undefined;
};

/** What of a stage changes what git is to hold. */
const RECORDED: ReadonlySet<string> = new Set<StageAction>(['ran', 'restored']);

/** Brings the stages of pipeline.yaml up to date. A failed stage is part of the result. */
export async function repro(input: ReproInput, call: Call): Promise<ReproResult & ToCommit> {
  const workspace = Workspace.open(call, 'ocrpipe repro');
  const remotes: { opened?: Promise<JobRemotes> } = {};
  try {
    await workspace.useStore();
    const cwd = absPath(realpathSync(call.cwd));
    const fetcher = input.pull === true ? new RemoteFetcher(workspace, input.remote) : undefined;
    const jobRemote = async (name: string): Promise<JobRemote> => {
      remotes.opened ??= openJobRemotes(workspace);
      return (await remotes.opened).open(name);
    };
    const host = pipelineHost(workspace, { fetcher, jobRemote });
    const result = await reproPipeline(host, { ...input, cwd });
    const recorded =
      input.dryRun || !input.commit ? [] : result.stages.filter(({ action }) => RECORDED.has(action));
    const { git, root } = workspace;
    const files = stageFiles(
      workspace,
      recorded.map(({ name }) => name),
    );
    return { ...result, ...(await toCommit({ git, root, cwd }, files)) };
  } finally {
    (await remotes.opened)?.close();
    workspace.close();
  }
}

/** A pipeline without such jobs does not load what they need. */
async function openJobRemotes(workspace: Workspace): Promise<JobRemotes> {
  const loaded = await import('./job-remotes.js');
  return new loaded.JobRemotes(workspace);
}
