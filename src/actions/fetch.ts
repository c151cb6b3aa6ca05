import type { Call } from '../base/call.js';
import type { OcrpipeError } from '../base/errors.js';
import type { RepoPath } from '../base/paths.js';
import { runOf } from '../pipeline/records/locked-run.js';
import { isHere } from '../project/source/imported.js';
import { Workspace } from '../project/workspace.js';
import { fetchObjects } from '../remote/fetch/fetch.js';
import type { FetchRoot } from '../remote/fetch/fetch-input.js';
import { bytePath } from '../tracking/byte-path.js';
import { throwFailures } from './each-path.js';
import { fetchImports, isFromRepository, sourceName, splitImports } from './fetch-imports.js';
import {
  hasRemote,
  sumTransfers,
  withRemote,
  type RemoteSession,
  type Transferred,
} from './remote-session.js';
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
    const targets = chooseTargets(workspace, options.targets);
    const { transferred, failures } = await fetchTargets(workspace, targets, options);
    throwFailures([...failures.values()]);
    return transferred;
  } finally {
    workspace.close();
  }
}

/** What a fetch brought, and the imports whose source could not be had: all the rest was brought. */
export interface FetchedTargets {
  transferred: Transferred & { remote: string };
  failures: ReadonlyMap<RepoPath, OcrpipeError>;
}

/**
 * The transfer itself, for commands that go on with what it brought. Imports come from where they were imported, at the commit that
 * their pointers name; where that cannot be had, the remote is asked: somebody may have pushed them.
 */
export async function fetchTargets(
  workspace: Workspace,
  targets: Targets,
  options: FetchOptions,
): Promise<FetchedTargets> {
  const { imported, own } = splitImports(workspace.store, targets.paths);
  const from = await fetchImports(workspace, imported, options.jobs);
  const left = imported.filter(({ path }) => from.failures.has(path));
  const paths = [...own, ...left];
  const [first] = imported;
  if (first !== undefined && paths.length === 0 && targets.entries.length === 0) {
    return { transferred: { ...from.brought, remote: sourceName(first) }, failures: from.failures };
  }
  if (first !== undefined && left.length === paths.length && !hasRemote(workspace, options.remote)) {
    return { transferred: { ...from.brought, remote: sourceName(first) }, failures: from.failures };
  }
  const transferred = await fetchOwn(workspace, { ...targets, paths }, options);
  const still = left.filter((target) => !isHere(workspace.store, target));
  return {
    transferred: { ...sumTransfers(transferred, from.brought), remote: transferred.remote },
    failures: new Map(still.map(({ path }) => [path, from.failures.get(path)!])),
  };
}

async function fetchOwn(
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

/** An import that fails for want of its source is optional here: what is said is why the source could not be had. */
function fetchRoot({ path, snapshot, below }: TargetPath): FetchRoot {
  const { id, size } = snapshot;
  const kind = rootKind(snapshot);
  const root: FetchRoot = {
    ...{ id, kind, name: path },
    ...(kind === 'blob' && { size }),
    ...(isFromRepository(snapshot) && { optional: true }),
  };
  return below === undefined ? root : { ...root, below: bytePath(below) };
}
