import type { Call } from '../base/call.js';
import type { ContentId } from '../base/content-id.js';
import { OcrpipeError } from '../base/errors.js';
import { runOf } from '../pipeline/records/locked-run.js';
import { isHere } from '../project/source/imported.js';
import { Workspace } from '../project/workspace.js';
import { fetchObjects } from '../remote/fetch/fetch.js';
import type { FetchInput, FetchRoot } from '../remote/fetch/fetch-input.js';
import { MissingOnRemote } from '../remote/fetch/missing-on-remote.js';
import { bytePath } from '../tracking/byte-path.js';
import { joinFailures, throwFailures } from './each-path.js';
import { fetchImports, isFromRepository, sourceName, splitImports } from './fetch-imports.js';
import { withPartsMeant } from './matching-targets.js';
import {
  hasRemote,
  sumTransfers,
  withRemote,
  type RemoteSession,
  type Transferred,
} from './remote-session.js';
import {
  chooseTargets,
  companionsOf,
  rootKind,
  targetName,
  type TargetPath,
  type Targets,
} from './remote-targets.js';
import { eachShare, ownRemotes, sharesOf, type RemoteOf } from './own-remotes.js';
import { beyondWorkspace, passOver, resultsOf, type Beyond, type TransferScope } from './transfer-scope.js';

export interface FetchOptions {
  /** Tracked paths, folders, parts of tracked folders, or stages; empty for everything. */
  targets: readonly string[];
  /** The default remote if left out. */
  remote?: string | undefined;
  /** What is brought besides; nothing if left out. */
  scope?: TransferScope | undefined;
  /** Downloads at once. */
  jobs: number;
  /** Bytes a second at most, as it is written; what the configuration says if left out. */
  bandwidth?: string | undefined;
  /** Free names for second files of large blobs: see `FetchInput`. */
  copies?: ReadonlyMap<ContentId, string> | undefined;
}

/** Brings what the pointers name, and what the scope adds, from a remote into the local store; the workspace's files stay as they are. */
export async function fetch(options: FetchOptions, call: Call): Promise<Transferred & { remote: string }> {
  const workspace = Workspace.open(call, 'ocrpipe fetch');
  try {
    await workspace.useStore();
    const { scope = {} } = options;
    const beyond = await beyondWorkspace(workspace, scope, options.targets);
    const targets = chooseTargets(workspace, options.targets);
    const { transferred, failures, atRemote } = await fetchTargets(workspace, targets, {
      ...options,
      beyond,
    });
    const isMissing = scope.allowMissing === true && atRemote instanceof MissingOnRemote;
    const passed = [...(isMissing ? [atRemote] : []), ...(scope.allowMissing === true ? beyond.broken : [])];
    passOver(passed, call);
    const all = [...(atRemote ? [atRemote] : []), ...failures.values(), ...beyond.broken];
    if (all.length === 0) withPartsMeant(workspace.store, targets.paths);
    throwFailures(
      all.filter((failure) => !passed.includes(failure)),
      'things',
    );
    return transferred;
  } finally {
    workspace.close();
  }
}

/** What a fetch brought, and what it could not: all the rest was brought. */
export interface FetchedTargets {
  transferred: Transferred & { remote: string };
  /** By name: the imports whose source could not be had. */
  failures: ReadonlyMap<string, OcrpipeError>;
  /** What went wrong at the remote. */
  atRemote?: OcrpipeError;
}

/**
 * The transfer itself, for commands that go on with what it brought. Imports come from where they were imported, at the commit that
 * their pointers name; where that cannot be had, the remote is asked: somebody may have pushed them.
 */
export async function fetchTargets(
  workspace: Workspace,
  targets: Targets,
  options: FetchOptions & { beyond: Beyond },
): Promise<FetchedTargets> {
  const { beyond } = options;
  const entries = [...targets.entries, ...beyond.entries];
  const { imported, own } = splitImports(workspace.store, [...targets.paths, ...beyond.paths]);
  const from = await fetchImports(workspace, imported, options.jobs);
  const left = imported.filter((target) => from.failures.has(targetName(target)));
  const paths = [...own, ...left];
  const [first] = imported;
  const isDone = paths.length === 0 && entries.length === 0;
  const isAlone = left.length === paths.length && !hasRemote(workspace, options.remote);
  if (first !== undefined && (isDone || isAlone)) {
    return { transferred: { ...from.brought, remote: sourceName(first) }, failures: from.failures };
  }
  const { transferred, atRemote } = await fetchOwn(workspace, { paths, entries }, options).catch(
    (error: unknown) => {
      if (!(error instanceof OcrpipeError) || workspace.signal.aborted) throw error;
      throw joinFailures([error, ...from.failures.values()], 'things')!;
    },
  );
  const still = left.filter((target) => !isHere(workspace.store, target)).map(targetName);
  return {
    transferred: { ...sumTransfers(transferred, from.brought), remote: transferred.remote },
    failures: new Map(still.map((name) => [name, from.failures.get(name)!])),
    ...(atRemote && { atRemote }),
  };
}

type Fetched = Pick<FetchedTargets, 'transferred' | 'atRemote'>;

/** Each from the remote that it belongs to. Where that fails, it is told beside what failed elsewhere. */
async function fetchOwn(workspace: Workspace, targets: Targets, options: FetchOptions): Promise<Fetched> {
  const remoteOf = ownRemotes(workspace);
  const placed = [
    ...targets.paths.map((target) => ({ root: fetchRoot(target), remote: remoteOf(target.path) })),
    ...companionsOf(targets.entries).map((root) => ({
      root,
      remote: root.kind === 'listing' ? undefined : remoteOf(root.name),
    })),
  ];
  const shares = sharesOf(placed, ({ remote }) => remote, {
    ...{ asked: options.remote, typed: options.targets.length > 0 },
    ...{ nameOf: ({ root }) => root.name, events: workspace.events },
  });
  const isExtra = ({ root }: { root: FetchRoot }): boolean => root.optional === true;
  const fetched = await eachShare(shares, workspace, {
    isExtra,
    work: async (share) => {
      const roots = share.items.map(({ root }) => root);
      // Records are where most is.
      const keys = share === shares[0] ? targets.entries.map((entry) => runOf(entry).key) : undefined;
      const found = await fetchFrom(
        workspace,
        { roots, keys, remoteOf },
        { ...options, remote: share.remote },
      );
      if (found.atRemote && shares.length > 1 && share.items.every(isExtra)) throw found.atRemote;
      return found;
    },
  });
  return fetched.reduce((a, b) => {
    const atRemote = a.atRemote ?? b.atRemote;
    const remote = `${a.transferred.remote}, ${b.transferred.remote}`;
    const transferred = { ...sumTransfers(a.transferred, b.transferred), remote };
    return { transferred, ...(atRemote && { atRemote }) };
  });
}

/** What is asked of one remote. */
interface Asked {
  roots: readonly FetchRoot[];
  /** Of run records; undefined: none are asked for, whatever the scope is. */
  keys: FetchInput['runKeys'] | undefined;
  remoteOf: RemoteOf;
}

async function fetchFrom(
  workspace: Workspace,
  { roots, keys, remoteOf }: Asked,
  options: FetchOptions,
): Promise<Fetched> {
  const { store, records, events, signal } = workspace;
  const withRuns = options.scope?.runs === true && keys !== undefined;
  const bring = async (session: RemoteSession) => {
    const moved = { objects: 0, packs: 0, name: session.name };
    const { jobs, copies } = options;
    const input = { ...session, store, runs: records, jobs, copies, events, signal };
    const get = async (what: Pick<FetchInput, 'roots' | 'runKeys'>): Promise<OcrpipeError | undefined> => {
      try {
        const { objects, packs } = await fetchObjects({ ...input, ...what });
        moved.objects += objects;
        moved.packs += packs;
        return undefined;
      } catch (error) {
        if (!(error instanceof OcrpipeError) || signal.aborted) throw error;
        return error;
      }
    };
    const atRemote = await get({ roots, runKeys: withRuns ? 'all' : (keys ?? []) });
    if (!withRuns || (atRemote && !(atRemote instanceof MissingOnRemote))) return { ...moved, atRemote };
    const results = resultsOf(records, records.all()).filter(({ name }) => remoteOf(name) === undefined);
    const later = await get({ roots: results, runKeys: [] });
    return { ...moved, atRemote: atRemote ?? later };
  };
  const { result, transferred } = await withRemote(workspace, options.remote, bring, options);
  const { name, atRemote } = result;
  return { transferred: { ...transferred, remote: name }, ...(atRemote && { atRemote }) };
}

/** An import that fails for want of its source is optional here: what is said is why the source could not be had. */
function fetchRoot(target: TargetPath): FetchRoot {
  const { snapshot, below, pattern } = target;
  const { id, size } = snapshot;
  const kind = rootKind(snapshot);
  const root: FetchRoot = {
    ...{ id, kind, name: targetName(target) },
    ...(kind === 'blob' && { size }),
    ...(isFromRepository(snapshot) && { optional: true }),
  };
  if (pattern !== undefined) return { ...root, below: pattern.below };
  return below === undefined ? root : { ...root, below: bytePath(below) };
}
