import { findRemote } from '../config/remotes.js';
import { FairSlots } from '../base/fair-slots.js';
import type { ContentId } from '../base/content-id.js';
import type { Fetcher, NeededPath } from '../pipeline/host.js';
import type { Workspace } from '../project/workspace.js';
import { fetchObjects } from '../remote/fetch/fetch.js';
import { MissingOnRemote } from '../remote/fetch/missing-on-remote.js';
import { fetchTargets } from './fetch.js';
import { ownRemotes } from './own-remotes.js';
import { hasRemote, withRemote, type RemoteSession } from './remote-session.js';
import type { TargetPath } from './remote-targets.js';
import { passOver } from './transfer-scope.js';

/** Downloads at once, as `pull` does. */
const JOBS = 4;

/** Brings what a pipeline misses from a remote, the default one unless one is named, and imports from where they are from; one transfer at a time. */
export class RemoteFetcher implements Fetcher {
  readonly #workspace: Workspace;
  readonly #remote: string | undefined;
  readonly #turn = new FairSlots(1);

  /** Throws `unknown-remote` for the name of none. */
  constructor(workspace: Workspace, remote?: string) {
    this.#workspace = workspace;
    this.#remote = remote;
    if (remote !== undefined) findRemote(workspace.settings, remote);
  }

  async runs(keys: readonly ContentId[]): Promise<void> {
    const workspace = this.#workspace;
    if (!hasRemote(workspace, this.#remote)) return;
    const { store, records, events, signal } = workspace;
    const bring = (session: RemoteSession) =>
      fetchObjects({
        ...{ ...session, store, runs: records, jobs: JOBS, events, signal },
        ...{ roots: [], runKeys: keys, everyRun: true },
      });
    await this.#turn.use(() => withRemote(workspace, this.#remote, bring), signal);
  }

  /** An output that belongs to a remote of its own comes from there, whichever is asked for the others. */
  async bring(wanted: readonly NeededPath[]): Promise<void> {
    const remoteOf = ownRemotes(this.#workspace);
    const isOwn = ({ path }: NeededPath): boolean => remoteOf(path) !== undefined;
    const [own, others] = [wanted.filter(isOwn), wanted.filter((each) => !isOwn(each))];
    if (others.length > 0) await this.#bringFrom(this.#remote, others);
    if (own.length > 0) await this.#bringFrom(undefined, own);
  }

  async #bringFrom(remote: string | undefined, wanted: readonly NeededPath[]): Promise<void> {
    const workspace = this.#workspace;
    const paths = wanted.map(({ path, snapshot, parts }): TargetPath => {
      return { path, snapshot, ...(parts && { pattern: { below: parts, typed: path, hasOthers: true } }) };
    });
    const beyond = { paths: [], entries: [], broken: [] };
    const { atRemote, failures } = await this.#turn.use(
      () => fetchTargets(workspace, { paths, entries: [] }, { targets: [], remote, jobs: JOBS, beyond }),
      workspace.signal,
    );
    passOver([...failures.values()], workspace);
    if (atRemote !== undefined && !(atRemote instanceof MissingOnRemote)) throw atRemote;
  }
}
