import type { PipelineHost } from '../../../src/pipeline/host.js';
import { JobRemotes } from '../../../src/actions/job-remotes.js';
import { pipelineHost } from '../../../src/project/pipeline-host.js';
import { Workspace } from '../../../src/project/workspace.js';
import { ClusterWorkspace } from './cluster-workspace.js';

/** A workspace whose jobs go over a remote, as those of `ocrpipe repro` do. */
export class RemoteWorkspace extends ClusterWorkspace {
  override host(signal?: AbortSignal): PipelineHost {
    const workspace = Workspace.open(this.call(signal), 'ocrpipe repro');
    const remotes = new JobRemotes(workspace);
    return pipelineHost(workspace, { jobRemote: (name) => remotes.open(name) });
  }
}
