import { FairSlots } from '../base/fair-slots.js';
import type { ContentId } from '../base/content-id.js';
import type { Fetcher } from '../pipeline/host.js';
import type { Workspace } from '../project/workspace.js';
import { fetchObjects } from '../remote/fetch/fetch.js';
import { MissingOnRemote } from '../remote/fetch/missing-on-remote.js';
import type { PointedPath } from '../tracking/workspace-files.js';
import { fetchTargets } from './fetch.js';
import { hasRemote, withRemote, type RemoteSession } from './remote-session.js';
import { passOver } from './transfer-scope.js';

/** Downloads at once, as `pull` does. */
const JOBS = 4;

/** Brings what a pipeline misses from the default remote, and imports from where they are from; one transfer at a time. */
export class RemoteFetcher implements Fetcher {
  readonly #workspace: Workspace;
  readonly #turn = new FairSlots(1);

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  async runs(keys: readonly ContentId[]): Promise<void> {
    const workspace = this.#workspace;
    if (!hasRemote(workspace, undefined)) return;
    const { store, records, events, signal } = workspace;
    const bring = (session: RemoteSession) =>
      fetchObjects({
        ...{ ...session, store, runs: records, jobs: JOBS, events, signal },
        ...{ roots: [], runKeys: keys, everyRun: true },
      });
    await this.#turn.use(() => withRemote(workspace, undefined, bring), signal);
  }

  async bring(wanted: readonly PointedPath[]): Promise<void> {
    const workspace = this.#workspace;
    const beyond = { paths: [], entries: [], broken: [] };
    const { atRemote, failures } = await this.#turn.use(
      () => fetchTargets(workspace, { paths: wanted, entries: [] }, { targets: [], jobs: JOBS, beyond }),
      workspace.signal,
    );
    passOver([...failures.values()], workspace);
    if (atRemote !== undefined && !(atRemote instanceof MissingOnRemote)) throw atRemote;
  }
}
