import type { Call } from '../base/call.js';
import { OcrpipeError } from '../base/errors.js';
import type { RepoPath } from '../base/paths.js';
import { shellQuote } from '../base/shell-quote.js';
import { runOf } from '../pipeline/records/locked-run.js';
import { Workspace } from '../project/workspace.js';
import { push as pushObjects } from '../remote/push/push.js';
import { notTracked } from '../remote/fetch/wanted-walk.js';
import { ListingsOfTrees } from '../remote/push/listings-of-trees.js';
import type { PushRoot } from '../remote/push/push-plan.js';
import type { RunId, RunRecords } from '../store/run-records.js';
import type { Snapshot } from '../tracking/workspace-files.js';
import { entryWithin } from '../project/stored-directory.js';
import { isFromRepository } from './fetch-imports.js';
import { withPartsMeant } from './matching-targets.js';
import { eachShare, ownRemotes, sharesOf, type RemoteOf, type Share } from './own-remotes.js';
import { sumTransfers, withRemote, type RemoteSession, type Transferred } from './remote-session.js';
import { chooseTargets, companionsOf, rootKind, targetName, type TargetPath } from './remote-targets.js';
import { refuseOverwritten } from './overwritten-pointers.js';
import {
  beyondWorkspace,
  passOver,
  resultsOf,
  storedRuns,
  type Beyond,
  type TransferScope,
} from './transfer-scope.js';
import { throwFailures } from './each-path.js';
import { warnOfUnseen } from './unseen-pointers.js';

export interface PushOptions {
  /** Tracked paths, folders or stages; empty for everything. */
  targets: readonly string[];
  /** The default remote if left out. */
  remote?: string | undefined;
  /** What was imported from other repositories too, whose remotes have it; a target that is one goes in any case. */
  imports?: boolean | undefined;
  /** What is sent besides; nothing if left out. */
  scope?: TransferScope | undefined;
  /** Read what the remote has of it first, and send again what is gone or damaged there. */
  verify: boolean;
  /** Uploads at once. */
  jobs: number;
  /** Bytes a second at most, as it is written; what the configuration says if left out. */
  bandwidth?: string | undefined;
}

/**
 * Sends what the workspace's pointers name, the run records of pipeline.lock, and what the scope adds, as far as the remote lacks it.
 * What other commits name and is nowhere, or cannot be read, is told when everything else has been sent.
 */
export async function push(options: PushOptions, call: Call): Promise<Transferred & { remote: string }> {
  const workspace = Workspace.open(call, 'ocrpipe push');
  try {
    await workspace.useStore();
    const { scope = {} } = options;
    const beyond = await beyondWorkspace(workspace, scope, options.targets);
    const wanted = await wantedBy(workspace, options, beyond);
    const store = wanted.hasParts ? new ListingsOfTrees(workspace.store) : workspace.store;
    const shares = sharesOf(wanted.roots, (root) => wanted.remotes.get(root), {
      ...{ asked: options.remote, typed: options.targets.length > 0 },
      ...{ nameOf: ({ name }: PushRoot) => name, events: call.events },
    });
    const send = async (session: RemoteSession, { items: roots }: Share<PushRoot>) => {
      // Records name what was made, wherever it is: they go where most goes.
      const runs = roots === shares[0]?.items ? wanted.runs : [];
      const pushed = await pushObjects({
        ...session,
        source: { store, runs: workspace.records },
        wanted: { roots, runs, project: workspace.settings.project ?? '' },
        verify: options.verify,
        jobs: options.jobs,
        events: call.events,
        signal: call.signal,
      });
      return { ...pushed, name: session.name, where: session.remote.where };
    };
    const done = await eachShare(shares, call, {
      isExtra: (root) => !wanted.told.has(root),
      work: (share) => withRemote(workspace, share.remote, (session) => send(session, share), options),
    });
    const failures = done.flatMap(({ result }) => {
      const nowhere = (result.leftOut ?? []).filter((root) => wanted.told.has(root)).map(({ name }) => name);
      return notSent(nowhere, result.where);
    });
    if (scope.allowMissing === true) passOver([...failures, ...beyond.broken], call);
    else throwFailures([...failures, ...beyond.broken], 'things');
    const transferred = done.map((each) => each.transferred).reduce(sumTransfers);
    return { ...transferred, remote: done.map(({ result }) => result.name).join(', ') };
  } finally {
    workspace.close();
  }
}

interface Wanted {
  roots: readonly PushRoot[];
  runs: readonly RunId[];
  /** Those of the roots that it is told of if they are left out. */
  told: ReadonlySet<PushRoot>;
  /** The remotes that roots belong to; the others may go anywhere. */
  remotes: ReadonlyMap<PushRoot, string>;
  /** True if of some directory only a part is wanted. */
  hasParts: boolean;
}

async function wantedBy(workspace: Workspace, options: PushOptions, beyond: Beyond): Promise<Wanted> {
  const { records } = workspace;
  const { targets, scope = {} } = options;
  const { paths, entries: chosenEntries } = chooseTargets(workspace, targets);
  const { known, unread } = withPartsMeant(workspace.store, paths);
  // Of one whose listing is not here nothing but all of it can be asked for.
  const chosen: TargetPath[] = [...known, ...unread];
  if (targets.length === 0) {
    const found = workspace.files.foundPointers();
    await warnOfUnseen(workspace, found);
    await refuseOverwritten(workspace, found);
  }
  const withImports = options.imports === true || targets.length > 0;
  const isWanted = ({ snapshot }: TargetPath): boolean => withImports || !isFromRepository(snapshot);
  const placed = new Placed(ownRemotes(workspace));
  const optional = scope.allowMissing === true;
  const own = chosen
    .filter(isWanted)
    .map((target) => placed.at(target.path, pushRoot(workspace, target, { optional })));
  const parts = chosen.filter((target) => target.below !== undefined && isWanted(target));
  const listings = parts.map(({ path, snapshot }) => placed.at(path, listingRoot(path, snapshot)));
  const others = beyond.paths.filter(isWanted).map((target) => placed.at(target.path, committedRoot(target)));
  const entries = [...chosenEntries, ...beyond.entries];
  const kept = scope.runs === true ? storedRuns(workspace) : [];
  const locked = entries.map(runOf).filter((run) => isReadable(records, run));
  const companions = [...companionsOf(entries), ...resultsOf(records, kept)].map((each) =>
    each.kind === 'listing' ? each : placed.at(each.name, each),
  );
  return {
    roots: [...own, ...listings, ...companions, ...others],
    runs: [...locked, ...kept],
    told: new Set([...own, ...others]),
    remotes: placed.remotes,
    hasParts: parts.length > 0,
  };
}

/** Notes the remotes that roots belong to. */
class Placed {
  readonly remotes = new Map<PushRoot, string>();
  readonly #remoteOf: RemoteOf;

  constructor(remoteOf: RemoteOf) {
    this.#remoteOf = remoteOf;
  }

  at(path: string, root: PushRoot): PushRoot {
    const remote = this.#remoteOf(path);
    if (remote !== undefined) this.remotes.set(root, remote);
    return root;
  }
}

/** Of a part nobody finds the way without it. It is known whole where the directory is. */
function listingRoot(name: string, { id }: Snapshot): PushRoot {
  return { id, kind: 'listing', name, optional: true, unlessTree: true };
}

function committedRoot(target: TargetPath): PushRoot {
  const { snapshot } = target;
  return { id: snapshot.id, kind: rootKind(snapshot), name: targetName(target), optional: true };
}

/** What was meant to be sent and could not be. */
function notSent(names: readonly string[], where: string): OcrpipeError[] {
  if (names.length === 0) return [];
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  const some = names.slice(0, NAMED).join(', ');
  return [
    new OcrpipeError('object-missing', `not all bytes of ${some}${more} are here or on ${where}`, {
      hint: 'Everything else was sent. Push them from where they are; if they are lost, --allow-missing makes this a warning.',
    }),
  ];
}

/** So many are named. */
const NAMED = 5;

function pushRoot(workspace: Workspace, target: TargetPath, { optional }: { optional: boolean }): PushRoot {
  const { path, snapshot, below } = target;
  const storedBy = (): string => storingHint(path, workspace.stageOf(path));
  if (below === undefined)
    return { id: snapshot.id, kind: rootKind(snapshot), name: path, storedBy, optional };
  const part = entryWithin(workspace.store, snapshot, below);
  if (part !== undefined)
    return { id: part.id, kind: rootKind(part), name: `${path}/${below}`, storedBy, optional };
  if (workspace.store.has('tree', snapshot.id)) throw notTracked(path, below);
  throw new OcrpipeError('object-missing', `${path}/${below} is not in the store`, { hint: storedBy() });
}

/** What stores the bytes of a tracked path anew. */
function storingHint(path: RepoPath, stage: string | undefined): string {
  return stage === undefined
    ? `Run 'ocrpipe add ${shellQuote(path)}' where its files are.`
    : `Run 'ocrpipe commit ${stage}', which stores what stands at its outputs, or 'ocrpipe repro --force ${stage}', which makes them again.`;
}

/** A damaged or absent record is no loss: it is written again when its stage runs. */
function isReadable(records: RunRecords, run: RunId): boolean {
  try {
    records.readBytes(run);
    return true;
  } catch (error) {
    if (error instanceof OcrpipeError) return false;
    throw error;
  }
}
