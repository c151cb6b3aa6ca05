import { readFileSync } from 'node:fs';
import type { PipelineHost } from '../../../src/pipeline/host.js';
import { JobRemotes } from '../../../src/actions/job-remotes.js';
import { pipelineHost } from '../../../src/project/pipeline-host.js';
import type { Workspace } from '../../../src/project/workspace.js';
import { temporaryFolder } from '../../rig/temporary-folder.js';
import { ClusterWorkspace } from './cluster-workspace.js';

const page = readFileSync(new URL('../../../docs/executors.md', import.meta.url), 'utf8');
const example = /```js\n\/\/ tools\/box\.mjs\n(.*?)```/s.exec(page)![1]!;

/** A workspace whose jobs go over a remote, as those of `ocrpipe repro` do. */
export class RemoteWorkspace extends ClusterWorkspace {
  protected override hostOf(workspace: Workspace): PipelineHost {
    const remotes = new JobRemotes(workspace);
    return pipelineHost(workspace, { jobRemote: (name) => remotes.open(name) });
  }
}

/** A workspace with the executor of docs/executors.md, whose jobs go over a folder unless they are said to go elsewhere. */
export class BoxWorkspace extends RemoteWorkspace {
  readonly remote = temporaryFolder();
  /** Where jobs make their folders. */
  readonly node = temporaryFolder();

  /** Over another remote, or, without one, in the workspace. */
  constructor({ remote = true }: { remote?: boolean | { url: string; endpoint: string } } = {}) {
    super();
    this.write('tools/box.mjs', example);
    const over = remote !== false ? { remote: 'bucket', folder: this.node } : {};
    const box = { type: 'module', module: 'tools/box.mjs', ...over };
    const config = {
      version: 1,
      project: 'test',
      remotes: { bucket: typeof remote === 'object' ? remote : { url: this.remote } },
      executors: { box: { ...box, settings: { nice: 0 } } },
    };
    this.write('.ocrstore/config.yaml', JSON.stringify(config));
  }

  /** One stage on that executor. */
  stage(lines: string): void {
    this.write('pipeline.yaml', `stages:\n  one:\n    executor: box\n${lines.replace(/^/gm, '    ')}`);
  }
}
