import { resolve } from 'node:path';
import { FairSlots } from '../base/fair-slots.js';
import { userError } from '../base/errors.js';
import { findRemote, type NamedRemote } from '../config/remotes.js';
import type { RemoteSettings } from '../config/settings.js';
import type { JobRemote } from '../pipeline/host.js';
import type { Workspace } from '../project/workspace.js';
import { openRemote } from '../remote/backends/open-remote.js';
import { parseRemoteUrl } from '../remote/backends/remote-url.js';
import type { Remote } from '../remote/backends/remote.js';
import { fetchObjects } from '../remote/fetch/fetch.js';
import { push } from '../remote/push/push.js';
import { correcting, sourceOf } from './remote-session.js';

/** Uploads or downloads at once, as `push` and `pull` do. */
const JOBS = 4;

/** The remotes that jobs go over, each opened when the first job needs it; to be closed with the command. */
export class JobRemotes {
  readonly #workspace: Workspace;
  readonly #opened = new Map<string, Promise<JobRemote>>();
  readonly #remotes: Remote[] = [];

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  /** Throws `unknown-remote`, and `executor-remote` for one that no other machine can open. */
  open(name: string): Promise<JobRemote> {
    const known = this.#opened.get(name) ?? this.#open(name);
    this.#opened.set(name, known);
    return known;
  }

  close(): void {
    for (const remote of this.#remotes) remote.close();
  }

  async #open(name: string): Promise<JobRemote> {
    const workspace = this.#workspace;
    const settings = findRemote(workspace.settings, name);
    const elsewhere = settingsElsewhere(settings, workspace.root);
    const remote = await openRemote(settings, workspace.root, correcting(workspace, name));
    this.#remotes.push(remote);
    const source = sourceOf(workspace, settings, remote);
    const { store, records: runs, events, signal } = workspace;
    const project = workspace.settings.project ?? '';
    // Transfers of one remote take turns: the second mostly finds that the first has sent the same.
    const turn = new FairSlots(1);
    const shared = { ...source, jobs: JOBS, events, signal };
    return {
      ...{ remote, settings: elsewhere, project },
      push: async (roots, { verify }) => {
        const wanted = { roots, runs: [], project };
        await turn.use(() => push({ ...shared, source: { store, runs }, wanted, verify }), signal);
      },
      fetch: async (roots) => {
        await turn.use(() => fetchObjects({ ...shared, store, runs, roots, runKeys: [] }), signal);
      },
    };
  }
}

function withoutKeys<T extends object, K extends keyof T>(value: T, keys: readonly K[]): Omit<T, K> {
  const copy = { ...value };
  for (const key of keys) Reflect.deleteProperty(copy, key);
  return copy;
}

/** How another machine opens a remote: what only this one has (profiles, files) is left out. */
function settingsElsewhere(settings: NamedRemote, root: string): RemoteSettings {
  const { name, ...own } = settings;
  if (settings.sseCustomerKeyFile !== undefined) {
    throw userError(
      'executor-remote',
      `jobs cannot go over the remote '${name}': its key is a file of this machine`,
      {
        hint: 'Name a remote for the executor that the server encrypts with its own keys.',
      },
    );
  }
  const place = parseRemoteUrl(settings.url, root);
  const url = place.kind === 'folder' ? resolve(place.folder) : settings.url;
  return { ...withoutKeys(own, ['profile', 'caBundle']), url };
}
