import type { Call } from '../base/call.js';
import type { AbsPath, RepoPath } from '../base/paths.js';
import type { Workspace } from '../project/workspace.js';
import { push } from '../remote/push/push.js';
import { UnstoredFiles } from '../tracking/unstored-files.js';
import type { TreeSnapshot } from '../tracking/workspace-files.js';
import { withRemote, type RemoteSession, type Transferred } from './remote-session.js';
import { rootKind } from './remote-targets.js';

/** Something that stands at `place` and is to be tracked at `path`. */
export interface Unstored extends TreeSnapshot {
  path: RepoPath;
  place: AbsPath;
}

/** Sends what a remote lacks of files that are in no store, from where they stand. When this returns the remote has all of it. */
export async function sendUnstored(
  workspace: Workspace,
  found: readonly Unstored[],
  { remote, jobs, call }: { remote?: string | undefined; jobs: number; call: Call },
): Promise<{ transferred: Transferred; remote: string }> {
  const { store, records, settings } = workspace;
  const files = new UnstoredFiles(store);
  for (const each of found) files.add(each.place, each);
  const roots = found.map(({ path, snapshot }) => {
    return { id: snapshot.id, kind: rootKind(snapshot), name: path };
  });
  const { events, signal } = call;
  const { result, transferred } = await withRemote(workspace, remote, async (session: RemoteSession) => {
    const pushed = await push({
      ...session,
      source: { store: files, runs: records },
      wanted: { roots, runs: [], project: settings.project ?? '' },
      ...{ jobs, events, signal },
    });
    return { ...pushed, name: session.name };
  });
  return { transferred, remote: result.name };
}
