import type { RepoPath } from '../base/paths.js';
import { runOf } from '../pipeline/records/locked-run.js';
import type { Workspace } from '../project/workspace.js';
import { loadCheckedView } from '../remote/catalog/load-view.js';
import { planPush, type PushPlan, type PushWanted } from '../remote/push/push-plan.js';
import type { Snapshot } from '../tracking/workspace-files.js';
import { isFromRepository } from './fetch-imports.js';
import { withRemote, type RemoteSession } from './remote-session.js';
import { lockedEntries, companionsOf, rootKind } from './remote-targets.js';

/** What a push to a remote would send. */
export interface Unpushed {
  /** The name of the remote. */
  remote: string;
  /** The paths of which the remote lacks something. */
  paths: readonly UnpushedPath[];
  /** What all of them lack together, each object once, run records and results of stages too. */
  objects: number;
  bytes: number;
}

export interface UnpushedPath {
  path: RepoPath;
  objects: number;
  bytes: number;
  /** True if a part of it is neither here nor there: it cannot be pushed from here. */
  nowhere?: true;
}

/** Compares what the pointers and pipeline.lock name with what the remote (the default one if none is named) has; sends nothing. */
export async function unpushed(
  workspace: Workspace,
  remote: string | undefined,
  tracked: readonly { path: RepoPath; snapshot: Snapshot }[],
): Promise<Unpushed> {
  const own = tracked.filter(({ snapshot }) => !isFromRepository(snapshot));
  const entries = lockedEntries(workspace);
  const look = async (session: RemoteSession) => {
    const plan = await planningFor(workspace, session);
    const paths = own.flatMap((each): UnpushedPath[] => {
      const { objects, bytes, leftOut } = plan({ roots: [rootOf(each)], runs: [] });
      if (objects === 0 && leftOut.length === 0) return [];
      return [{ path: each.path, objects, bytes, ...(leftOut.length > 0 && { nowhere: true }) }];
    });
    const runs = entries.map(runOf).filter((run) => workspace.records.isWhole(run));
    const { objects, bytes } = plan({ roots: [...own.map(rootOf), ...companionsOf(entries)], runs });
    return { unpushed: { remote: session.name, paths, objects, bytes }, objects: 0, packs: 0 };
  };
  return (await withRemote(workspace, remote, look)).result.unpushed;
}

type Planning = (what: Pick<PushWanted, 'roots' | 'runs'>) => PushPlan;

/** What a push would do, by one look at the remote. */
async function planningFor(
  { store, records, settings }: Workspace,
  session: RemoteSession,
): Promise<Planning> {
  const view = await loadCheckedView(session);
  const now = (await session.remote.now({ signal: session.signal })).toISOString();
  const project = settings.project ?? '';
  return (what) => planPush({ store, runs: records }, { ...what, project, now }, view);
}

function rootOf({ path, snapshot }: { path: RepoPath; snapshot: Snapshot }) {
  return { id: snapshot.id, kind: rootKind(snapshot), name: path, optional: true };
}
