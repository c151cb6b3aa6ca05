import type { Call } from '../base/call.js';
import { runOf } from '../pipeline/records/locked-run.js';
import { Workspace } from '../project/workspace.js';
import { fetchObjects } from '../remote/fetch/fetch.js';
import type { FetchRoot } from '../remote/fetch/fetch-input.js';
import { bytePath } from '../tracking/byte-path.js';
import { withRemote, type RemoteSession, type Transferred } from './remote-session.js';
import { chooseTargets, companionsOf, rootKind, type TargetPath, type Targets } from './remote-targets.js';

export interface FetchOptions {
  /** Tracked paths, folders, parts of tracked folders, or stages; empty for everything. */
  targets: readonly string[];
  /** The default remote if left out. */
  remote?: string | undefined;
  /** Downloads at once. */
  jobs: number;
  /** Bytes a second at most, as it is written; what the configuration says if left out. */
  bandwidth?: string | undefined;
}

/** Brings what the pointers name from a remote into the local store; the workspace's files stay as they are. */
export async function fetch(options: FetchOptions, call: Call): Promise<Transferred & { remote: string }> {
  const workspace = Workspace.open(call, 'ocrpipe fetch');
  try {
    await workspace.useStore();
    return await fetchTargets(workspace, chooseTargets(workspace, options.targets), options);
  } finally {
    workspace.close();
  }
}

/** The transfer itself, for commands that go on with what it brought. */
export async function fetchTargets(
  workspace: Workspace,
  targets: Targets,
  options: FetchOptions,
): Promise<Transferred & { remote: string }> {
  const { store, records, events, signal } = workspace;
  const roots = [...targets.paths.map(fetchRoot), ...companionsOf(targets.entries)];
  const runKeys = targets.entries.map((entry) => runOf(entry).key);
  const bring = async (session: RemoteSession) => {
    const { jobs } = options;
    const input = { ...session, store, runs: records, roots, runKeys, jobs, events, signal };
    return { ...(await fetchObjects(input)), name: session.name };
  };
  const { result, transferred } = await withRemote(workspace, options.remote, bring, options);
  return { ...transferred, remote: result.name };
}

function fetchRoot({ path, snapshot, below }: TargetPath): FetchRoot {
  const { id, size } = snapshot;
  const kind = rootKind(snapshot);
  const root: FetchRoot = { id, kind, name: path, ...(kind === 'blob' && { size }) };
  return below === undefined ? root : { ...root, below: bytePath(below) };
}
